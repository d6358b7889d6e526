"""3S: one session serves many messages, and of many that find none only one logs in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from providers import http, registry
from providers.base import Answer, Call, Outbound

from . import played

TOLD = json.loads((Path(played.FOLDER) / "3s/send_text.json").read_text())
ANSWERS = {
    name: step["answer"]
    for name, step in zip(("wsdl", "login", "smsSend"), TOLD["exchange"], strict=True)
}


class Server(http.AsyncCarrier):
    """Answers as the fixture does, after a moment; remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def perform(self, call: Call) -> Answer:
        body = call.body or b""
        (what,) = [name for name in ("login", "smsSend") if name.encode() in body[:400]] or ["wsdl"]
        self.asked.append(what)
        await asyncio.sleep(0.05)
        return played.answer_of(ANSWERS[what], call)


def test_many_messages_share_one_session() -> None:
    provider = registry.get("3s")({"login": "desk", "password": "SECRET"})
    server = Server()
    message = Outbound("+48221234510", "+48601112233", "Hello", "ref1")

    async def main() -> list[Any]:
        first = await asyncio.gather(*(server.run(provider.send(message), []) for _ in range(5)))
        return [*first, await server.run(provider.send(message), [])]

    assert asyncio.run(main()) == ["4711"] * 6
    assert server.asked.count("login") == 1
    assert server.asked.count("smsSend") == 6
