"""The limit of sending: a bare aiohttp client with the same requests, 64 at once."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aiohttp
import orjson
import uvloop

AT_ONCE = 64


async def run(spec: dict[str, Any]) -> None:
    waiting = iter(range(spec["count"]))
    headers = {
        "User-Agent": "Parley",
        "Authorization": f"Bearer {spec['key']}",
        "Content-Type": "application/json; charset=utf-8",
    }

    async def send(session: aiohttp.ClientSession) -> None:
        for n in waiting:
            fields = {"from": spec["sender"], "to": spec["recipient"], "text": f"Answer {n}."}
            async with session.post(spec["url"], data=orjson.dumps(fields), headers=headers) as got:
                await got.read()

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(send(session))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(json.load(sys.stdin)))
    print("{}")
