"""The pump: one in a worker process; sends for all channels that rang there.

It is a thread with an event loop. Each channel that has something to send is drained by a
coroutine of its own: look how much is due, reserve send times from the throttle, claim what leaves
within the next moment, and let it go at its time. Nothing waits for the slowest: a slow provider
only fills its own channel's places in flight. Claims of many channels, and outcomes, share
statements: whatever gathers while the one before is running goes into the next.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from time import monotonic
from typing import Any, TypeVar

import redis.asyncio
import uvloop
from django.conf import settings
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from channels_app.models import Channel
from channels_app.throttle import HORIZON, Throttle
from providers.base import Outbound
from providers.http import AsyncCarrier, redact

from ..delivery import Outcome, attempt
from ..delivery.attempt import ATTEMPT_SECONDS
from ..delivery.settle import LONGEST_PAUSE
from ..models import Message, bulk
from . import gate
from .bell import LINKS
from .claims import Claimed, claim, waiting
from .gathering import Gathered
from .lanes import Lane, Road
from .ledger import Ledger

log = logging.getLogger(__name__)
R = TypeVar("R")

AHEAD = 0.06  # seconds before its send time that a message is claimed, at least
GATHER = 0.003  # seconds that a full channel waits for more room, before it claims
LATE = 0.05  # seconds after which a missed send time may not be used any more
LOADING = 20.0  # seconds in which a message's files must have come from the storage
MOST = 2_000  # how many are looked at, and reserved, at once


class Pump:
    """``start`` gives it a thread of its own; or ``run`` it in a loop that is there already.

    With ``roads``, by channel, it serves these channels alone; without, all that need no session.
    """

    def __init__(self, roads: Mapping[int, Road] | None = None) -> None:
        self._roads = roads
        self._lanes: dict[int, Lane] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._readers = ThreadPoolExecutor(1, "pump-claims", initializer=bulk.only_hot)
        self._lag = 0.0  # seconds that a claim takes, of late
        self._channels = Gathered(lambda asked: self._read(_load, list(asked)))
        self._waiting = Gathered(lambda asked: self._read(waiting, asked))
        self._claims = Gathered(self._claim)
        self._loaders = ThreadPoolExecutor(4, "pump-files")
        self._stopping = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._main, name="pump", daemon=True)

    # from other threads

    def start(self) -> Pump:
        self._thread.start()
        self._started.wait()
        return self

    def ring(self, channel: int) -> None:
        """Drain this channel, if nobody here does already."""
        self._loop.call_soon_threadsafe(self._ring, channel)

    def stop(self, seconds: float = 30.0) -> None:
        """Claim no more, let what is in flight land and be written down."""
        self._stopping = True
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(seconds)

    # the loop

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.run())

    async def run(self) -> None:
        """Serve until ``close``, and until all that is in flight has landed."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._carrier = AsyncCarrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        self._redis = redis.asyncio.Redis.from_url(settings.REDIS_URL)
        self._throttle = Throttle(self._redis, secrets.token_hex(8))
        self._ledger = Ledger(self._known, self._ring_after)
        self._started.set()
        await self._stop.wait()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._ledger.close()
        await self._loop.run_in_executor(self._readers, lambda: connection.close())
        self._readers.shutdown()
        self._loaders.shutdown()
        await self._carrier.close()
        await self._redis.aclose()

    def close(self) -> None:
        """``stop``, from the pump's own loop: ``run`` returns once all has landed."""
        self._stopping = True
        self._stop.set()

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read(self, function: Callable[..., R], *args: Any) -> R:
        return await self._loop.run_in_executor(self._readers, bulk.mended, function, *args)

    def _ring(self, channel: int) -> None:
        if self._stopping:
            return
        if (lane := self._lanes.get(channel)) and lane.draining:
            lane.again = True
        else:
            self._spawn(self._drain(channel))

    def _ring_after(self, channel: int, seconds: float) -> None:
        self._loop.call_later(seconds + 0.05, self._ring, channel)

    async def _drain(self, pk: int) -> None:
        """Send what is due in this channel until nothing is."""
        lane = None
        try:
            channel = await self._channels(pk, None)
            if channel is None:
                return
            road = self._roads.get(pk) if self._roads is not None else None
            if self._roads is not None and road is None:
                return
            if channel.provider_class.linked and road is None:
                await self._redis.publish(LINKS, pk)  # the process that has its session sends
                return
            if (known := self._lanes.get(pk)) and known.draining:
                known.again = True
                return
            lane = self._lanes.setdefault(pk, known or Lane(channel))
            lane.road = road
            lane.renew(channel)
            lane.draining = True
            while not self._stopping and await self._drain_some(lane):
                pass
        except Exception:
            log.exception("Channel %s: draining broke off; beat will ring again", pk)
        finally:
            if lane is not None:
                await self._let_go(lane)
                lane.draining = False
                self._forget(lane)

    async def _let_go(self, lane: Lane) -> None:
        """Let another worker send for this channel, if this one did."""
        if not lane.mine:
            return
        lane.mine = False
        try:
            await self._throttle.let_go(lane.channel.pk)
        except RedisError as error:
            log.warning("Channel %s: the rate limiter does not answer (%s)", lane.channel, error)

    def _forget(self, lane: Lane) -> None:
        """A lane stays while its messages fly, so that its limits hold for the next drain."""
        if not lane.draining and not lane.flying:
            self._lanes.pop(lane.channel.pk, None)

    async def _drain_some(self, lane: Lane) -> bool:
        """Send what may go within the horizon; returns whether to go on."""
        pk = lane.channel.pk
        if monotonic() - lane.loaded > settings.CHANNEL_CACHE_SECONDS:
            channel = await self._channels(pk, None)
            if channel is None:
                return False
            lane.renew(channel)
        if lane.shut:
            return False
        if pause := lane.pause():
            await asyncio.sleep(min(pause, 1.0))
            return True
        rate = lane.channel.rate
        lane.again = False
        if lane.emptied:  # before the last look: who was rung for it elsewhere was sent away
            await self._let_go(lane)
        most = max(1, min(MOST, int(float(rate) * HORIZON)))
        due = await self._waiting(pk, most)
        if not due:
            again = lane.again or lane.mine
            await self._let_go(lane)
            return again
        try:
            # No slot before its message can have been claimed: with many channels that takes time.
            slots = await self._throttle.reserve(pk, rate, due, ahead=max(0, self._lag - AHEAD))
        except RedisError as error:
            log.warning("Channel %s: the rate limiter does not answer (%s)", pk, error)
            await asyncio.sleep(1)
            return True
        lane.mine, lane.emptied = not slots.elsewhere, due < most
        if slots.elsewhere:
            return False
        began, taken = self._loop.time() + slots.delay, 0
        if not slots.count:
            await asyncio.sleep(min(slots.delay, 1.0))
        while taken < slots.count and not self._stopping:
            taken += await self._send_next(lane, began, taken, slots.count, slots.interval)
            if lane.pause():
                break
        return True

    async def _send_next(
        self, lane: Lane, began: float, taken: int, count: int, interval: float
    ) -> int:
        """Claim and launch the messages of the slots that come next; returns how many slots."""
        await self._until(began + taken * interval - self._ahead)
        while lane.flying >= lane.channel.in_flight:
            lane.landed.clear()
            await lane.landed.wait()
            await asyncio.sleep(GATHER)  # claiming one by one costs too much
        if lane.pause() or lane.shut:
            return count
        now = self._loop.time()
        late = now - max(interval, LATE) - (began + taken * interval)
        if late > 0:  # slots that passed are lost: sent late, they would exceed the rate
            return min(count - taken, int(late / interval) + 1)
        reach = int((now + self._ahead - began) / interval) + 1 - taken
        slots = max(1, min(reach, count - taken, lane.channel.in_flight - lane.flying))
        claimed = await self._claim_fit(lane, slots)
        for n, each in enumerate(claimed):
            lane.flying += 1
            self._spawn(self._fly(lane, each, began + (taken + n) * interval))
        return slots if len(claimed) == slots else count

    async def _claim_fit(self, lane: Lane, slots: int) -> list[Claimed]:
        """Claim messages that may leave now; those that may not are handed in, and take no slot."""
        fit: list[Claimed] = []
        while (wanted := slots - len(fit)) and not self._stopping:
            claimed = await self._claims(lane.channel.pk, wanted)
            passed, stopped = await gate.sort(
                self._throttle, self._read, lane.channel, lane.adapter, claimed
            )
            fit += passed
            for outcome in stopped:
                self._ledger.hand_in(outcome)
            if not stopped or len(claimed) < wanted:
                break
        return fit

    @property
    def _ahead(self) -> float:
        """Seconds before its send time that a message is claimed: time to look, and to claim."""
        return min(HORIZON, AHEAD + 2 * self._lag)

    async def _claim(self, asked: dict[int, int]) -> dict[int, list[Claimed]]:
        began = self._loop.time()
        found: dict[int, list[Claimed]] = {pk: [] for pk in asked}
        for each in await self._read(claim, asked):
            found[each.outcome.channel].append(each)
        took = self._loop.time() - began
        self._lag = took if took > self._lag else 0.9 * self._lag + 0.1 * took
        return found

    async def _until(self, when: float) -> None:
        if (delay := when - self._loop.time()) > 0:
            await asyncio.sleep(delay)

    async def _fly(self, lane: Lane, claimed: Claimed, at: float) -> None:
        """Let one message go at its time, and hand in what became of it."""
        try:
            if claimed.media and lane.inline and not await self._load_files(lane, claimed):
                return
            await self._until(at)
            await self._until(lane.departure(self._loop.time()))
            # The provider asked for it a moment ago, or its session went down.
            if (pause := lane.pause()) or lane.shut:
                outcome = claimed.outcome
                outcome.status, outcome.after = Message.QUEUED, pause or 1.0
                outcome.reason = lane.channel.slowed_reason if pause else lane.shut
                self._ledger.hand_in(outcome)
                return
            message = Outbound(
                sender=claimed.sender,
                recipient=claimed.recipient,
                text=claimed.text,
                reference=claimed.outcome.reference,
                media=claimed.media,
                webhook_url=lane.webhook_url,
                template=claimed.template,
            )
            calls = claimed.outcome.calls
            if lane.road:
                sending = lane.road.send(message, calls)
            else:
                sending = self._carrier.run(lane.adapter.send(message), calls, ATTEMPT_SECONDS)
            outcome = await attempt(sending, lane.adapter.name, claimed.outcome)
            if outcome.unavailable and lane.shut:
                outcome.after = 1.0  # the session rings once it stands again
            self._ledger.hand_in(outcome)
            self._heed(lane, outcome)
        finally:
            lane.flying -= 1
            lane.landed.set()
            self._forget(lane)

    async def _load_files(self, lane: Lane, claimed: Claimed) -> bool:
        """Get the bytes of a message's files; if they cannot be read, hand the message in."""
        outcome = claimed.outcome
        try:
            kept = await self._read(gate.kept_files, outcome.message)
            loading = self._loop.run_in_executor(self._loaders, gate.with_bytes, kept, lane.adapter)
            claimed.media = await asyncio.wait_for(loading, LOADING)
        except FileNotFoundError:
            outcome.status, outcome.reason = Message.FAILED, "Its file is no longer kept."
        except Exception as error:
            outcome.status = Message.QUEUED
            outcome.reason = f"Its file cannot be read yet: {error}"
        else:
            return True
        self._ledger.hand_in(outcome)
        return False

    def _known(self) -> dict[int, Channel]:
        return {pk: lane.channel for pk, lane in self._lanes.items()}

    def _heed(self, lane: Lane, outcome: Outcome) -> None:
        """Slow the channel down at once when its provider asks for it or is away."""
        if not (outcome.throttled or outcome.unavailable):
            lane.trouble = 0
            return
        if lane.shut:  # nothing is tried before the session stands again
            return
        lane.trouble += 1
        seconds = min(30.0, 2.0 ** min(lane.trouble - 1, 5))
        if outcome.after is not None:
            seconds = min(outcome.after, LONGEST_PAUSE)
        until = timezone.now() + timedelta(seconds=seconds)
        if lane.channel.slowed_until is None or lane.channel.slowed_until < until:
            reason = redact(outcome.reason, lane.channel.secret_values)[:500]
            lane.channel.slowed_until, lane.channel.slowed_reason = until, reason
            self._spawn(self._read(lane.channel.slow_down, until, reason))


def _load(pks: Sequence[int]) -> dict[int, Channel | None]:
    """The channels, as far as they can send: known provider, not paused."""
    found: dict[int, Channel | None] = dict.fromkeys(pks)
    for channel in Channel.objects.filter(pk__in=pks, paused=False):
        try:
            _ = channel.adapter
        except KeyError:
            log.error("Channel %s: there is no provider %r", channel, channel.provider)
        else:
            found[channel.pk] = channel
    return found


@cache
def the_pump() -> Pump:
    """This process's pump, started at the first call."""
    return Pump().start()
