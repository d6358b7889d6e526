"""Whatever goes wrong on the way to any provider, the outcome is the right one.

The calls of each provider's fixtures are made over a real network, by the real carriers, to a
server that fails: first the first call of a talk, then, after good answers, the second.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from providers import errors, http, registry
from providers.base import Answer, Call, Provider
from providers.capabilities import has

from . import faults, needed, played
from .faults import AMPLE, SHORT, TABLE, Fault, World

PLAYED = (
    "send_text", "send_media", "send_template", "check_good",
    "poll_reports", "collect_text", "templates", "connect",
)  # fmt: skip
CASES = [case for case in played.cases() if case.name in PLAYED and case.told.get("exchange")]
SLUGS = sorted({case.slug for case in CASES})
TIME_OUTS = ("no connection in time", "no answer in time")
AT_ONCE = 40


@dataclass(frozen=True)
class Row:
    """A fault that strikes one call of one talk."""

    case: played.Case
    step: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.case.name}, call {self.step + 1}: {self.fault.name}"

    def wanted(self, *, sends: bool) -> tuple[str, float | None]:
        """The error that this must end in, and the pause it names."""
        for each in needed.contract(self.case.slug).get("faults", ()):
            place = (each["fault"], each.get("in", self.case.name), each.get("call", self.step + 1))
            if place == (self.fault.name, self.case.name, self.step + 1):
                assert each["source"], "say where the documentation promises this"
                return each["gives"], each.get("after")
        return (self.fault.sent if sends else self.fault.asked), self.fault.after

    @property
    def tries(self) -> tuple[float, ...]:
        """Seconds until its time-out: several where a time-out is what is tried."""
        return SHORT if self.fault.name in TIME_OUTS else (AMPLE,)


class Path:
    """The way of a talk through good answers to the fault."""

    def __init__(self, world: World, row: Row, seconds: float) -> None:
        self.world, self.row, self.seconds = world, row, seconds
        self.asked = 0
        self.struck: Call | None = None

    def step(self, call: Call) -> Answer | Call:
        """The answer to this call, or the call that is to fail in its stead."""
        place, self.asked = self.asked, self.asked + 1
        if place == self.row.step or call == self.struck:  # who repeats a call fails again
            self.struck = call
            answer = self.seconds if self.row.fault.name == "no answer in time" else AMPLE
            return self.world.spoilt(call, self.row.fault, answer)
        exchange = self.row.case.told["exchange"]
        assert place < len(exchange), f"asks on after {self.row}"
        return played.answer_of(exchange[place]["answer"], call)

    def ends_well(self, error: Exception | None) -> bool:
        assert self.struck, f"{self.row}: the call was never made"
        found = (type(error).__name__, getattr(error, "after", None))
        return found == self.row.wanted(sends=self.struck.sends)

    def check(self, error: Exception | None) -> None:
        assert self.ends_well(error), f"{self.row}: {type(error).__name__} {error}"

    @property
    def patience(self) -> float:
        """Seconds to wait for a connection; short only where that is what is tried."""
        return self.seconds if self.row.fault.name == "no connection in time" else AMPLE


class Pumped(http.AsyncCarrier):
    def __init__(self, path: Path) -> None:
        super().__init__(allow_private=True, connect=path.patience)
        self.path = path

    async def perform(self, call: Call) -> Answer:
        found = self.path.step(call)
        return found if isinstance(found, Answer) else await super().perform(found)


class Blocking(http.Carrier):
    def __init__(self, path: Path) -> None:
        super().__init__(allow_private=True, connect=path.patience)
        self.path = path

    def perform(self, call: Call) -> Answer:
        found = self.path.step(call)
        return found if isinstance(found, Answer) else super().perform(found)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with faults.world() as made:
        yield made


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that does not know one name."""
    known = socket.getaddrinfo

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == faults.NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def rows(slug: str, *names: str) -> list[Row]:
    """Every fault for every call of the provider's talks."""
    return [
        Row(case, step, fault)
        for case in CASES
        if case.slug == slug and case.name in (names or PLAYED)
        for step in range(len(case.told["exchange"]))
        for fault in TABLE
    ]


def fresh(provider: Provider) -> Provider:
    """One like it that remembers no log-in."""
    return type(provider)(provider.credentials, provider.api_address)


async def by_the_pump(world: World, row: Row, provider: Provider, room: asyncio.Semaphore) -> None:
    for seconds in row.tries:
        path, error = Path(world, row, seconds), None
        async with room:
            carrier = Pumped(path)
            try:
                await carrier.run(played.talk_of(row.case, fresh(provider)), [])
            except errors.ProviderError as raised:
                error = raised
            finally:
                await carrier.close()
        if path.ends_well(error):
            return
    path.check(error)


def by_requests(world: World, row: Row, provider: Provider) -> None:
    for seconds in row.tries:
        path, error = Path(world, row, seconds), None
        try:
            Blocking(path).run(played.talk_of(row.case, fresh(provider)), [])
        except errors.ProviderError as raised:
            error = raised
        if path.ends_well(error):
            return
    path.check(error)


@pytest.mark.parametrize("slug", SLUGS)
def test_each_fault_ends_in_the_right_outcome(slug: str, world: World) -> None:
    """Every talk by the pump's carrier, and the check of credentials by the admin's too."""
    known = {case.name: case.provider for case in CASES if case.slug == slug}

    async def main() -> None:
        loop, room = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
        with ThreadPoolExecutor(len(TABLE)) as pool:
            await asyncio.gather(
                *(by_the_pump(world, row, known[row.case.name], room) for row in rows(slug)),
                *(
                    loop.run_in_executor(pool, by_requests, world, row, known[row.case.name])
                    for row in rows(slug, "check_good")
                ),
            )

    asyncio.run(main())


def test_every_provider_with_an_http_api_is_here() -> None:
    http_apis = {
        slug
        for slug in registry.slugs()
        if not (registry.get(slug).linked or registry.get(slug).virtual)
        and has(registry.get(slug), "send")
    }
    assert http_apis <= set(SLUGS)
