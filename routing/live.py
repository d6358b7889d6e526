"""Nudges the browsers of agents. A nudge names who should look again, never what is to be seen.

Audiences are ``extension:<pk>``, ``queue:<pk>``, ``supervisors`` and
``phone:<number pk>:<customer address>``. Each nudge gets a cursor from one counter, so that a
browser that was away can be told what it missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import orjson
import redis
from django.conf import settings

from .pausing import Pausing

log = logging.getLogger(__name__)

CHANNEL = "parley:live"
CURSOR = "parley:live:cursor"
#: What is published is "<cursor of the first> <JSON>": a list of nudges with consecutive cursors,
#: each with its audiences in "to". One for a whole batch: hearing them one by one costs a busy
#: process a sixth of its time.
PUBLISH = """
local last = redis.call('INCRBY', KEYS[2], ARGV[1])
redis.call('PUBLISH', KEYS[1], (last - ARGV[1] + 1) .. ' ' .. ARGV[2])
return redis.call('EXISTS', KEYS[3])
"""
#: While this key is there, somebody besides the browsers wants to hear at once of changes.
LISTENING = "parley:live:listening"
listeners: list[Callable[[], object]] = []
pausing = Pausing(log, "Browsers were not nudged, Redis failed", 1.0)


#: Those who watch everybody; told of what the ones concerned need not hear.
SUPERVISORS = "supervisors"


def extension_audience(pk: int) -> str:
    return f"extension:{pk}"


def queue_audience(pk: int) -> str:
    return f"queue:{pk}"


def platform_audience(pk: int) -> str:
    """The systems that listen at the Open API."""
    return f"platform:{pk}"


def heard(platforms: Iterable[int]) -> list[tuple[list[str], dict[str, Any]]]:
    """The nudge that tells these platforms' listeners of new events, if there are any."""
    names = [platform_audience(pk) for pk in sorted(platforms)]
    return [(names, {})] if names else []


def phone_audience(number_pk: int, customer_address: str) -> str:
    return f"phone:{number_pk}:{customer_address}"


def nudge(audiences: Iterable[str], **fields: Any) -> None:
    """Tell these audiences to look again; ``fields`` are names (``session=5``), never content.

    ``who=True`` for an extension says that its queues changed. Never raises for a Redis that is
    down: a page that missed a nudge sees the change when it next asks.
    """
    nudge_many([(audiences, fields)])


def nudge_many(nudges: Iterable[tuple[Iterable[str], Mapping[str, Any]]]) -> None:
    """Many nudges in one exchange with Redis."""
    told = [{**fields, "to": list(to)} for to, fields in nudges]
    if not told:
        return
    keys, args = [CHANNEL, CURSOR, LISTENING], [len(told), orjson.dumps(told)]
    if pausing.ask(lambda: _publisher()(keys=keys, args=args), None):
        for listener in listeners:
            listener()


@cache
def _publisher() -> Any:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1.0, socket_connect_timeout=1.0, health_check_interval=30
    )
    return client.register_script(PUBLISH)
