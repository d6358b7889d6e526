"""How often and how much: each door's pace and day, and callers who guess.

Redis counts. Without it nobody is held up: what a door's day has had is then asked of the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.utils import timezone

from ..models import Door, Errand
from ..pausing import Pausing

log = logging.getLogger(__name__)
R = TypeVar("R")

FREE_TRIES = 10  # wrong keys from one address before it has to wait
TRIES_LAST = 900  # seconds without a wrong one after which they are forgotten
LONGEST_WAIT = 300  # seconds, doubling from one
LOCKING_TRIES = 5  # wrong log-ins to the Open API that lock an address out
_pausing = Pausing(log, "The doors' limits cannot be counted", 2.0)

#: A second's worth at once, then evenly. Gives 0, or the microseconds to wait.
_PACE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
local early = free - now - math.max(0, 1000000 - interval)
if early > 0 then return early end
free = math.max(free, now) + interval
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 1000)
return 0
"""


#: So many at once, then evenly; gives the microseconds to wait (0: counted), how many more may come
#: now, and the microseconds until all may.
_SPEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = free + interval - now - burst * interval
if wait > 0 then return {wait, 0, free - now} end
free = free + interval
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 1000)
return {0, math.floor(burst - (free - now) / interval), free - now}
"""


class TooMany(Exception):
    """Not now; ``after`` so many seconds."""

    def __init__(self, said: str, after: float) -> None:
        super().__init__(said)
        self.after = max(1, round(after + 0.5))


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _ask(question: Callable[[redis.Redis], Any], otherwise: Any) -> Any:
    return _pausing.ask(lambda: question(_redis()), otherwise)


def pace(door: Door) -> None:
    """Count a request. Raises TooMany if they come faster than the door's requests per second."""
    if not door.per_second:
        return
    interval = 1_000_000 / float(door.per_second)
    keys, limit = [f"parley:door:{door.pk}"], [interval]
    wait = _ask(lambda found: found.eval(_PACE, 1, *keys, *limit), 0)
    if wait:
        raise TooMany(f"At most {door.per_second.normalize():f} requests a second.", wait / 1e6)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left to a caller: ``wait`` seconds until it may come again, 0 if it may now."""

    wait: float
    remaining: int
    reset: float


def spend(name: str, per_second: float, burst: int) -> Left:
    """Count a request of this caller, unless it must wait."""
    interval = 1_000_000 / per_second
    key = f"parley:rest:{name}"
    found = _ask(lambda r: r.eval(_SPEND, 1, key, interval, burst), (0, burst, 0))
    return Left(found[0] / 1e6, int(found[1]), found[2] / 1e6)


@contextmanager
def one_message(door: Door) -> Iterator[None]:
    """Count a message of today; one that fails is given back. Raises TooMany after the last."""
    if door.per_day is None:
        yield
        return
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    key = f"parley:day:{door.pk}:{today:%Y%m%d}"
    count = _ask(lambda found: _counted(found, key, door, today), None)
    if count is None:
        count = _sent(door, today) + 1
    try:
        if count > door.per_day:
            left = today + timedelta(days=1) - timezone.now()
            raise TooMany(f"At most {door.per_day} messages a day.", left.total_seconds())
        yield
    except BaseException:
        _ask(lambda found: found.decr(key), None)
        raise


def _counted(found: redis.Redis, key: str, door: Door, today: datetime) -> int:
    count = int(found.incr(key))
    if count == 1:  # a new day, or a Redis that forgot
        count = int(found.incrby(key, _sent(door, today)))
        found.expire(key, 172_800)
    return count


def _sent(door: Door, today: datetime) -> int:
    return Errand.objects.filter(door=door, created_at__gte=today).count()


def held_up(caller: str) -> int:
    """The seconds that this caller still has to wait after many wrong keys; 0 for none."""
    left = _ask(lambda found: found.pttl(f"parley:wait:{caller}"), 0)
    return -(-left // 1000) if left > 0 else 0


def wrong(caller: str) -> None:
    """Count a wrong key or password: after the first few each doubles the wait."""

    def count(found: redis.Redis) -> None:
        tries = int(found.incr(f"parley:wrong:{caller}"))
        found.expire(f"parley:wrong:{caller}", TRIES_LAST)
        if tries >= FREE_TRIES:
            wait = min(LONGEST_WAIT, 2 ** min(tries - FREE_TRIES, 20))
            found.set(f"parley:wait:{caller}", 1, ex=wait)

    _ask(count, None)


def locked_out(caller: str) -> bool:
    """Whether this caller's log-ins to the Open API are not even looked at."""
    return bool(_ask(lambda found: found.exists(f"parley:locked:{caller}"), 0))


def lock_out(caller: str) -> bool:
    """Count a wrong log-in to the Open API; returns whether this one locks the caller out."""

    def count(found: redis.Redis) -> bool:
        tries = int(found.incr(f"parley:tried:{caller}"))
        found.expire(f"parley:tried:{caller}", TRIES_LAST)
        if tries < LOCKING_TRIES:
            return False
        found.delete(f"parley:tried:{caller}")
        return bool(found.set(f"parley:locked:{caller}", 1, ex=TRIES_LAST))

    return bool(_ask(count, False))
