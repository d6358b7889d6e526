"""The sending rate: send times from Redis, and one worker at a time for a channel."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import uuid4

import pytest
import redis.asyncio
from django.conf import settings

from channels_app import throttle
from channels_app.models import Channel
from channels_app.throttle import Throttle
from routing.outbox.lanes import Lane

Talk = Callable[[Throttle, Throttle, int], Awaitable[None]]


def play(talk: Talk) -> None:
    """Two workers and a channel that nobody sent for yet."""

    async def run() -> None:
        async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
            await talk(Throttle(client, "one"), Throttle(client, "two"), uuid4().int >> 80)

    asyncio.run(run())


def test_slots_follow_each_other_at_the_rate() -> None:
    async def talk(one: Throttle, two: Throttle, channel: int) -> None:
        first = await one.reserve(channel, 100, 10)
        then = await one.reserve(channel, 100, 10)
        assert (first.count, first.interval, then.count) == (10, 0.01, 10)
        assert first.delay == 0
        assert 0 < then.delay <= 0.1

    play(talk)


def test_one_worker_at_a_time_sends_for_a_channel() -> None:
    async def talk(one: Throttle, two: Throttle, channel: int) -> None:
        assert (await one.reserve(channel, 10, 1)).count == 1
        refused = await two.reserve(channel, 10, 1)
        assert (refused.elsewhere, refused.count) == (True, 0)
        await two.let_go(channel)  # not its own: nothing happens
        assert (await two.reserve(channel, 10, 1)).elsewhere
        await one.let_go(channel)
        assert not (await two.reserve(channel, 10, 1)).elsewhere

    play(talk)


def test_the_channel_of_a_worker_that_died_goes_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(one: Throttle, two: Throttle, channel: int) -> None:
        await one.reserve(channel, 10, 1)
        await asyncio.sleep(0.12)
        assert (await two.reserve(channel, 10, 1)).count == 1

    monkeypatch.setattr(throttle, "HELD", 0.1)
    play(talk)


def lane(rate: int) -> Lane:
    return Lane(Channel(provider="sandbox", rate=Decimal(rate), credentials={}))


def test_after_a_stall_messages_catch_up_without_a_burst() -> None:
    road = lane(10)
    left = [road.departure(5.0) for _ in range(4)]
    gaps = [b - a for a, b in itertools.pairwise(left)]
    assert all(0.06 < gap < 0.1 for gap in gaps)


def test_no_second_holds_more_than_the_rate_plus_one() -> None:
    road, left = lane(50), []
    for n in range(400):  # the pace is regular, but for a stall of half a second
        left.append(road.departure(max(n / 50, 3.0) if 100 <= n < 150 else n / 50))
    assert max(sum(at <= other <= at + 1 for other in left) for at in left) <= 51
