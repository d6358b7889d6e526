"""The links process: takes channels that nobody holds, renews its leases, ends in good order."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from channels_app.models import Channel
from providers.http import AsyncCarrier

from ..models import Message, health
from ..outbox import Pump
from ..outbox.bell import LINKS
from . import lease
from .line import Line, settings_of
from .station import Store

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks at what there is to hold, and to send
LAND = 6.0  # seconds that messages in flight have to land at the end


class House:
    """All channels that this process holds. Run it in an event loop; ``stop`` ends it."""

    def __init__(self) -> None:
        self.holder = lease.new_holder()
        self.lines: dict[int, Line] = {}
        #: Those of them through whose session messages leave.
        self.roads: dict[int, Line] = {}
        self._ending: dict[int, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._store = Store()
        self._carrier = AsyncCarrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        self._pump = Pump(self.roads)

    def stop(self) -> None:
        """Ask for the end; ``run`` returns once everything is closed and given back."""
        self._stopping.set()

    async def run(self) -> None:
        pumping = asyncio.create_task(self._pump.run())
        renewing = asyncio.create_task(self._renew())
        tasks = [asyncio.create_task(each()) for each in (self._look_often, self._hear)]
        await self._stopping.wait()
        await _cancel(tasks)
        self._pump.close()
        await asyncio.wait({pumping}, timeout=LAND)
        for pk in list(self.lines):
            self._end(pk)
        if self._ending:
            await asyncio.wait(list(self._ending.values()))
        await asyncio.wait({pumping}, timeout=LAND)
        await _cancel([renewing])
        await self._carrier.close()

    # what to hold

    async def _look_often(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("The channels cannot be looked at")
            await asyncio.sleep(LOOK)

    async def _look(self) -> None:
        """Hold what nobody holds, end what is not wanted any more, send what is due."""
        found = await self._store(lambda: {each.pk: each for each in lease.wanted()})
        for pk, line in list(self.lines.items()):
            if pk not in found or settings_of(found[pk]) != line.settings:
                self._end(pk)
        for pk, channel in found.items():
            if channel.free and pk not in self.lines and pk not in self._ending:
                await self._take(channel)
        for pk in await self._store(_due, list(self.roads)):
            self._pump.ring(pk)

    async def _take(self, channel: Channel) -> None:
        until = self._until()
        if not await self._store(lease.take, channel.pk, self.holder):
            return
        try:
            line = Line(channel, self.holder, self._store, self._carrier, until)
        except Exception as error:  # an adapter's mistake is its own channel's trouble
            log.exception("%s: its session cannot be made", channel)
            await self._store(health.show_fault, channel, f"The session cannot be made: {error}")
            return  # the lease stays until its end, so that this is not tried all the time
        line.station.on_connected = lambda: self._pump.ring(channel.pk)
        self.lines[channel.pk] = line
        if channel.provider_class.linked:
            self.roads[channel.pk] = line
        line.start()

    def _end(self, pk: int, *, lost: bool = False) -> None:
        line = self.lines.pop(pk)
        self.roads.pop(pk, None)

        async def end() -> None:
            try:
                await line.end(settings.LINK_LEASE_SECONDS * 0.3)
                if not lost:
                    await self._store(lease.give_back, pk, self.holder)
            except Exception:
                log.exception("%s: its lease cannot be given back; it ends by itself", line.channel)
            finally:
                del self._ending[pk]

        self._ending[pk] = asyncio.create_task(end())

    # leases

    @staticmethod
    def _until() -> float:
        """When a lease taken now is over for us: well before it is over for the others."""
        return monotonic() + settings.LINK_LEASE_SECONDS * 0.6

    async def _renew(self) -> None:
        """Renew all leases in time. What cannot be renewed is closed before its lease ends."""
        while True:
            await asyncio.sleep(settings.LINK_LEASE_SECONDS / 5)
            held, until = list(self.lines), self._until()
            renewing = asyncio.ensure_future(self._store(lease.renew, held, self.holder))
            while not (await asyncio.wait({renewing}, timeout=0.2))[0]:
                self._end_overdue()  # a database that hangs must not keep a session alive
            try:
                kept = renewing.result()
            except Exception as error:
                log.warning("The leases cannot be renewed: %s", error)
                self._end_overdue()
                continue
            for pk in held:
                if pk in kept and pk in self.lines:
                    self.lines[pk].until = until
                elif pk in self.lines:
                    log.warning("%s: its lease is lost", self.lines[pk].channel)
                    self._end(pk, lost=True)

    def _end_overdue(self) -> None:
        for pk, line in list(self.lines.items()):
            if monotonic() > line.until:
                log.warning("%s: its lease could not be renewed in time", line.channel)
                self._end(pk)

    # bells

    async def _hear(self) -> None:
        """Ring in the pump for channels that somebody rang for. Without Redis, looks must do."""
        while True:
            try:
                async with (
                    redis.asyncio.Redis.from_url(settings.REDIS_URL) as client,
                    client.pubsub(ignore_subscribe_messages=True) as bells,
                ):
                    await bells.subscribe(LINKS)
                    async for rung in bells.listen():
                        if (pk := int(rung["data"])) in self.roads:
                            self._pump.ring(pk)
            except (RedisError, OSError, ValueError) as error:
                log.warning("The bells are not heard: %s", error)
                await asyncio.sleep(LOOK)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _due(channels: list[int]) -> list[int]:
    """Which of these have something to send now."""
    if not channels:
        return []
    due = Message.objects.due().filter(channel__in=channels)
    return list(due.order_by().values_list("channel", flat=True).distinct())
