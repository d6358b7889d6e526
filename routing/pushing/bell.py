"""Calls a worker for sessions whose agents may have to be told.

Nothing here is the truth of anything: what a lost Redis forgets is a notification, never a message.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from time import monotonic
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from ..models import PushSubscription

log = logging.getLogger(__name__)

PUSH = "routing.push"
#: Who looks at the page has read by then, and is left in peace.
PATIENCE = 4.0  # seconds
_RESTS = 30  # seconds after which an unanswered bell may be rung again
_ASK = 15.0  # seconds for which a process remembers that nobody wants to be told
_PAUSE = 5.0  # seconds without ringing after a failure
_BELL, _SESSIONS, _WANTED = f"parley:bell:{PUSH}", "parley:push", "parley:push:wanted"
_quiet_until = 0.0
#: Notes the sessions of ARGV. Returns 1 if a worker is to be called, 0 if one was, -1 if nobody
#: wants to be told of anything.
_RING = """
if redis.call('EXISTS', KEYS[3]) == 0 then return -1 end
redis.call('SADD', KEYS[2], unpack(ARGV, 2))
return redis.call('SET', KEYS[1], 1, 'NX', 'EX', ARGV[1]) and 1 or 0
"""


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


@cache
def _ringer() -> Any:
    return _redis().register_script(_RING)


def remember() -> None:
    """Keep in Redis whether any browser wants to be told, so that ringing needs no database."""
    try:
        if PushSubscription.objects.exists():
            _redis().set(_WANTED, 1)
        else:
            _redis().delete(_WANTED)
    except redis.RedisError as error:
        log.warning("Redis does not know who is to be told: %s", error)


def ring(sessions: Iterable[int]) -> None:
    """Have a worker look, in a moment, who has to be told of these. Call after the commit.

    Never raises for a Redis that is down. Costs nothing where no browser wants to be told.
    """
    global _quiet_until
    wanted = sorted(set(sessions))
    if not wanted or monotonic() < _quiet_until:
        return
    try:
        answer = _ringer()(keys=[_BELL, _SESSIONS, _WANTED], args=[_RESTS, *wanted])
        if answer < 0:
            _quiet_until = monotonic() + _ASK
        elif answer:
            current_app.send_task(PUSH, countdown=PATIENCE, retry=False)
    except (redis.RedisError, OperationalError, OSError) as error:
        _quiet_until = monotonic() + _PAUSE
        log.warning("Nobody is told of new messages: %s", error)


def rung() -> list[int]:
    """The sessions that were rung for, each once; the bell hangs again."""
    pipeline = _redis().pipeline()
    pipeline.delete(_BELL)
    pipeline.smembers(_SESSIONS)
    pipeline.delete(_SESSIONS)
    return sorted(int(key) for key in pipeline.execute()[1])
