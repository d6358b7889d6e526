"""A provider for tests: its session talks to a peer of the test by lines of JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from django import forms

from providers import errors
from providers.base import DELIVERED, ChannelFault, Inbound, Outbound, Provider, Report, Secret
from providers.links.base import Link, Station


class Adapter(Provider):
    name = "Scripted"
    linked = True
    setup = "1. Nothing. {webhook_url}"

    class Credentials(forms.Form):
        password = Secret(required=False)

    def link(self) -> Link:
        return ScriptedLink(self.api_address, self.credentials.get("password", ""))


class ScriptedLink:
    def __init__(self, address: str, password: str) -> None:
        self.host, _, port = address.rpartition("//")[2].partition(":")
        self.port = int(port)
        self.password = password
        self.writer: asyncio.StreamWriter | None = None
        self.waiting: dict[str, asyncio.Future[Any]] = {}

    async def run(self, station: Station) -> None:
        while True:
            try:
                await self.session(station)
            except OSError as error:
                await station.disconnected(f"The peer is away: {error.strerror}.")
            else:
                await station.disconnected("The peer hung up.")
            finally:
                self.drop()
            await asyncio.sleep(0.1)

    def drop(self) -> None:
        if self.writer:
            self.writer.close()
        self.writer = None
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(errors.Uncertain("The peer hung up."))
        self.waiting = {}

    async def session(self, station: Station) -> None:
        reader, self.writer = await asyncio.open_connection(self.host, self.port)
        self.say(bind=self.password)
        while line := await reader.readline():
            said = json.loads(line)
            station.log("in", line.decode())
            if "bound" in said:
                if not said["bound"]:
                    raise errors.BadCredentials("Scripted: wrong password.")
                await station.connected({"window": 10})
            elif "crash" in said:
                raise RuntimeError("a mistake in the link")
            elif "id" in said:
                self.waiting.pop(said["reference"]).set_result(said["id"])
            elif "refuse" in said:
                error = getattr(errors, said["refuse"])("Scripted: no.")
                self.waiting.pop(said["reference"]).set_exception(error)
            else:
                await station.deliver([event_of(said)])
                self.say(ack=said["number"])

    async def send(self, message: Outbound) -> str:
        if self.writer is None:
            raise errors.Unavailable("Scripted: there is no session.")
        answer = asyncio.get_running_loop().create_future()
        self.waiting[message.reference] = answer
        self.say(reference=message.reference, to=message.recipient, text=message.text)
        return str(await answer)

    def say(self, **fields: Any) -> None:
        assert self.writer is not None
        self.writer.write(json.dumps(fields).encode() + b"\n")


def event_of(said: dict[str, Any]) -> Inbound | Report | ChannelFault:
    if "delivered" in said:
        return Report(DELIVERED, provider_id=said["delivered"])
    if "fault" in said:
        return ChannelFault(said["fault"])
    return Inbound(said["from"], said["to"], said["text"], provider_id=said["message"])
