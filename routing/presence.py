"""Who looks at which session right now, and who types there: kept in Redis, forgotten by itself.

A tab of a browser is in one session at a time; the tabs of one agent are one person. Nothing here
is the truth of anything: Redis may be emptied, and the tabs say again where they are.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from .pausing import Pausing

log = logging.getLogger(__name__)

VIEWING, REPLYING, NOTING = "viewing", "replying", "noting"
STATES = (VIEWING, NOTING, REPLYING)  # of two tabs, the later one is told
LIFE_SECONDS = 30
pausing = Pausing(log, "It is not known who is where, Redis failed", 1.0)

_SESSION, _TAB, _BUSY = "parley:here:", "parley:tab:", "parley:here"

#: Puts a tab into a session, or into none, and returns the sessions in which its agent appears,
#: disappears or does something else now. ARGV: tab, agent, session or "", entry, now, life,
#: the prefix of sessions, "1" if the tab must be there already.
_MOVE = """
local function state(session)
  local best = 0
  for _, packed in ipairs(redis.call('HVALS', ARGV[7] .. session)) do
    local e = cjson.decode(packed)
    if e[1] == tonumber(ARGV[2]) and e[4] > tonumber(ARGV[5]) then best = math.max(best, e[3]) end
  end
  return best
end
local old, new, changed = redis.call('GET', KEYS[1]) or '', ARGV[3], {}
if ARGV[8] == '1' and old ~= new then return changed end
local before = new ~= '' and state(new)
if old ~= '' and old ~= new then
  local was = state(old)
  redis.call('HDEL', ARGV[7] .. old, ARGV[1])
  if redis.call('EXISTS', ARGV[7] .. old) == 0 then redis.call('ZREM', KEYS[2], old) end
  if state(old) ~= was then table.insert(changed, old) end
end
if new == '' then
  redis.call('DEL', KEYS[1])
  return changed
end
redis.call('HSET', ARGV[7] .. new, ARGV[1], ARGV[4])
redis.call('EXPIRE', ARGV[7] .. new, ARGV[6])
redis.call('SET', KEYS[1], new, 'EX', ARGV[6])
redis.call('ZADD', KEYS[2], ARGV[5] + ARGV[6], new)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
if state(new) ~= before then table.insert(changed, new) end
return changed
"""


@dataclass(frozen=True)
class Person:
    """An agent in a session: by key and name, and what they do there."""

    pk: int
    name: str
    state: str

    @property
    def types(self) -> bool:
        return self.state != VIEWING


def move(
    agent: tuple[int, str],
    tab: str,
    session: int | None,
    state: str = VIEWING,
    *,
    within: bool = False,
) -> list[int]:
    """The agent's tab is in this session now, or in none; returns for which sessions that is news.

    ``agent`` is key and name. ``within``: nothing changes unless the tab is there already, so that
    the last words of a page that goes do not bring it back. Never raises for a Redis that is down.
    """
    now = time.time()
    pk, name = agent
    entry = orjson.dumps([pk, name, STATES.index(state) + 1, now + LIFE_SECONDS])
    tab = f"{pk}:{tab}"
    inside = "" if session is None else session
    args = [tab, pk, inside, entry, now, LIFE_SECONDS, _SESSION, int(within)]
    changed = _tried(lambda: _mover()(keys=[_TAB + tab, _BUSY], args=args))
    return [int(each) for each in changed or ()]


def of(sessions: Sequence[int]) -> dict[int, list[Person]]:
    """Who is in each of these sessions, by one exchange; nobody where Redis is down."""
    if not sessions:
        return {}
    pipeline = _client().pipeline(transaction=False)
    for session in sessions:
        pipeline.hvals(f"{_SESSION}{session}")
    found = _tried(pipeline.execute) or [()] * len(sessions)
    now = time.time()
    people = {key: _people(packed, now) for key, packed in zip(sessions, found, strict=True)}
    return {key: there for key, there in people.items() if there}


def everywhere() -> dict[int, list[Person]]:
    """Who is where, in all sessions."""
    busy = _tried(lambda: _client().zrangebyscore(_BUSY, time.time(), "+inf"))
    return of([int(each) for each in busy or ()])


def _people(packed: Iterable[bytes], now: float) -> list[Person]:
    """One person for all of an agent's tabs, those who type first."""
    best: dict[int, tuple[int, str]] = {}
    for each in packed:
        pk, name, rank, until = orjson.loads(each)
        if until > now:
            best[pk] = max(best.get(pk, (0, "")), (rank, name))
    there = sorted((-rank, name, pk) for pk, (rank, name) in best.items())
    return [Person(pk, name, STATES[-rank - 1]) for rank, name, pk in there]


def _tried(ask: Any) -> Any:
    """What Redis answers; None if it fails, or failed a moment ago."""
    return pausing.ask(ask, None)


@cache
def _client() -> redis.Redis:
    # Tried once: the client's own repetitions would hold a page up for seconds.
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def _mover() -> Any:
    return _client().register_script(_MOVE)
