"""A modem link that is held to the simulator, and a desk that takes notes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvloop

from providers.base import Event, Inbound, Outbound, Report
from providers.errors import BadCredentials
from providers.links.modem.link import ModemLink
from providers.links.modem.settings import Settings

from .simulator import Modem

OURS, CUSTOMER = "+41791234510", "+41791112233"


class Desk:
    """A station that keeps what it is handed."""

    allow_private = True

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.details: dict[str, Any] = {}
        self.failures = 0  # so many times storing fails
        self.before: Callable[[], None] = lambda: None  # called before storing

    async def deliver(self, events: Sequence[Event]) -> None:
        self.before()
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        self.events += events

    async def connected(self, details: Mapping[str, Any] | None = None) -> None:
        self.states.append(("connected", ""))
        self.details = dict(details or {})

    async def disconnected(self, reason: str, *, fault: bool = True) -> None:
        assert fault
        self.states.append(("disconnected", reason))

    def log(self, direction: str, said: str) -> None:
        self.lines.append((direction, said))

    @property
    def inbound(self) -> list[Inbound]:
        return [each for each in self.events if isinstance(each, Inbound)]

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.inbound]

    @property
    def reports(self) -> list[Report]:
        return [each for each in self.events if isinstance(each, Report)]

    @property
    def up(self) -> bool:
        return bool(self.states) and self.states[-1][0] == "connected"

    @property
    def reason(self) -> str:
        return self.states[-1][1] if self.states else ""


def settings(modem: Modem, **more: Any) -> Settings:
    quick = {"look": 0.3, "join": 0.5, "longest_pause": 0.3}
    return Settings(**{"device": str(modem.link), "number": OURS, **quick, **more})


def message(text: str = "Hi", recipient: str = CUSTOMER) -> Outbound:
    return Outbound(OURS, recipient, text, "ref1")


@asynccontextmanager
async def held(link: Any, desk: Desk, *, up: bool = True) -> AsyncIterator[asyncio.Task[None]]:
    """The link while it is held; with ``up``, from when it stands."""
    task = asyncio.create_task(link.run(desk))
    try:
        if up:
            await until(lambda: desk.up or task.done())
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, BadCredentials):
            await task


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until it is true; what is waited for is the modem's thread."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def looped(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in a loop of the kind that the links process has."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def link_to(modem: Modem, **more: Any) -> ModemLink:
    return ModemLink(settings(modem, **more))
