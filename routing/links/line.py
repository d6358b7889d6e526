"""One channel that this process holds: its session is kept up, or its provider asked again and
again, until the lease ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from contextlib import suppress
from time import monotonic
from typing import Any

from channels_app.models import Channel
from providers.base import Outbound
from providers.errors import BadCredentials, ProviderError, Unavailable, Uncertain
from providers.http import AsyncCarrier
from providers.links.pacing import backoff

from ..delivery.attempt import ATTEMPT_SECONDS
from .collecting import Collector
from .station import Station, Store

log = logging.getLogger(__name__)

LAND = 3.0  # seconds that what was being sent has to end, once its session has ended
REFUSED = 300.0  # seconds after which refused credentials are tried again
LONGEST = 60.0  # seconds between two starts of a session that keeps breaking


def settings_of(channel: Channel) -> Hashable:
    """What a session is made of: when it changes, a new one is needed."""
    return repr(channel.credentials), channel.api_address, channel.provider


class Line:
    """A held channel. ``until`` is the moment after which nothing may be done for it any more."""

    def __init__(
        self, channel: Channel, holder: str, store: Store, carrier: AsyncCarrier, until: float
    ) -> None:
        self.channel = channel
        self.settings = settings_of(channel)
        self.station = Station(channel, holder, store)
        self.until = until
        self._adapter = channel.adapter
        self._collector = Collector(self.station, self._adapter, store, carrier)
        self._link = self._adapter.link() if self._adapter.linked else None
        #: Set when the present session has ended, however it did.
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        work = []
        if self._link is not None:
            work.append(self._hold())
        if self._adapter.collects_every is not None:
            work.append(self._collector.run())
        self._tasks = [asyncio.create_task(each) for each in work]

    async def end(self, seconds: float) -> None:
        """Close the session; returns once it is closed, or after so many seconds."""
        self.station.shut = self.station.shut or "The connection is being closed."
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=seconds)
            if left:
                log.error("%s: its session does not end", self.channel)
        self._over.set()
        await self.station.flush()

    # the session

    async def _hold(self) -> None:
        assert self._link is not None
        failures = 0
        while True:
            began = monotonic()
            try:
                await self._link.run(self.station)
                said, pause = "The session ended by itself.", 0.0
            except asyncio.CancelledError:
                raise
            except BadCredentials as error:
                said, pause = error.reason, REFUSED
            except ProviderError as error:
                said, pause = error.reason, 0.0
            except Exception as error:  # of one session: the others go on
                log.exception("%s: the session broke", self.channel)
                said = f"Parley's {self._adapter.name} adapter made a mistake: {error}"
                pause = 0.0
            self._over.set()
            failures = 0 if monotonic() - began > LONGEST else failures + 1
            with suppress(Exception):  # the database may be away; the session must come back
                await self.station.disconnected(said)
            await asyncio.sleep(pause or backoff(failures, LONGEST))
            self._link, self._over = self._adapter.link(), asyncio.Event()

    # the way of its messages, for the pump

    @property
    def shut(self) -> str:
        if monotonic() > self.until:
            return "This process lost the channel to another one."
        return self.station.shut

    async def send(self, message: Outbound, calls: list[dict[str, Any]]) -> str | list[str]:
        """Send by the session. If it ends meanwhile, nobody knows what became of the message."""
        began = monotonic()
        call: dict[str, Any] = {"method": "link", "url": "", "request": message.text[:4_000]}
        try:
            given = await self._send(message)
        except ProviderError as error:
            if not (isinstance(error, Unavailable) and self.shut):  # else nothing was tried
                calls.append(call | {"error": error.reason, "ms": _ms(began)})
            raise
        except Exception as error:
            calls.append(call | {"error": str(error), "ms": _ms(began)})
            raise
        answer = given if isinstance(given, str) else ", ".join(given)
        calls.append(call | {"answer": answer, "ms": _ms(began)})
        return given

    async def _send(self, message: Outbound) -> str | list[str]:
        if said := self.shut:
            raise Unavailable(said)
        assert self._link is not None
        sending = asyncio.ensure_future(self._link.send(message))
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait(
                {sending, over}, timeout=ATTEMPT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if over.done() and not sending.done():
                await asyncio.wait({sending}, timeout=LAND)
            if not sending.done():
                said = "the session ended" if over.done() else f"{ATTEMPT_SECONDS:g} seconds"
                raise Uncertain(f"{self._adapter.name}: no answer came before {said}.")
            return sending.result()
        finally:
            sending.cancel()
            over.cancel()


def _ms(began: float) -> float:
    return round((monotonic() - began) * 1000, 1)
