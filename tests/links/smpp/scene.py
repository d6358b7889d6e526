"""A desk that only takes notes, and a link that is held to an SMSC."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvloop

from providers.base import Event, Inbound, Outbound, Report
from providers.links.smpp import Settings, SmppLink

OURS, CUSTOMER = "+41791234510", "+41791112233"


class Desk:
    """A station that keeps what it is handed."""

    def __init__(self, *, allow_private: bool = True) -> None:
        self.allow_private = allow_private
        self.events: list[Event] = []
        self.states: list[tuple[str, str, bool]] = []
        self.lines: list[tuple[str, str]] = []
        self.failures = 0  # so many times storing fails
        self.seconds = 0.0  # that storing takes

    async def deliver(self, events: Sequence[Event]) -> None:
        await asyncio.sleep(self.seconds)
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        self.events += events

    async def connected(self, details: Mapping[str, Any] | None = None) -> None:
        self.states.append(("connected", "", False))
        self.details = dict(details or {})

    async def disconnected(self, reason: str, *, fault: bool = True) -> None:
        self.states.append(("disconnected", reason, fault))

    def log(self, direction: str, said: str) -> None:
        self.lines.append((direction, said))

    @property
    def inbound(self) -> list[Inbound]:
        return [each for each in self.events if isinstance(each, Inbound)]

    @property
    def reports(self) -> list[Report]:
        return [each for each in self.events if isinstance(each, Report)]

    @property
    def up(self) -> bool:
        return bool(self.states) and self.states[-1][0] == "connected"


def message(text: str = "Hi", reference: str = "ref1", recipient: str = CUSTOMER) -> Outbound:
    return Outbound(OURS, recipient, text, reference)


@asynccontextmanager
async def held(link: SmppLink, desk: Desk) -> AsyncIterator[asyncio.Task[None]]:
    """The link while it is held."""
    task = asyncio.create_task(link.run(desk))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def settings(port: int, **more: Any) -> Settings:
    return Settings("127.0.0.1", port, "parley", **{"password": "pa55word", **more})


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine; a minute is far more than any needs."""

    @functools.wraps(test)
    def play(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bounded())

    return play
