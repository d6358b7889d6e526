"""The sending rate of a channel, across all workers: send times handed out ahead; and the pace
at which a network takes messages to one recipient.

A generic cell rate algorithm in one Lua script. Whoever wants to send reserves slots: the answer
tells how many there are within the horizon and when the first is due; the next follow at the
rate's interval. Redis keeps the clock. Losing the key costs at most one message too early.

One worker at a time sends for a channel: so it can keep the pace after a stall, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import redis.asyncio

HORIZON = 0.5  # seconds ahead that may be reserved

HELD = 2.0  # seconds after which the channel of a worker that died may be sent for by another

_SCRIPT = """
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[5] then
  return {-1, '0'}
end
redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, wanted, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local soonest = now + tonumber(ARGV[4])
local first = math.max(soonest, tonumber(redis.call('GET', KEYS[1]) or '0'))
horizon = horizon + tonumber(ARGV[4])
local room = math.floor((now + horizon - first) / interval) + 1
if first > now + horizon then
  return {0, string.format('%.0f', first - now - horizon)}
end
local count = math.min(wanted, room)
local after = first + count * interval
local keep = math.ceil((after - now) / 1000) + 1000
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', keep)
return {count, string.format('%.0f', first - now)}
"""

_LET_GO = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
"""

#: A recipient's messages stand in line, so that they go in their order. Who is first and finds the
#: recipient free takes the turn. The others are told how long to wait, and, where they only wait
#: for the first to come, for which.
_TURN = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local id, interval, burst = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local after = math.max(now, tonumber(redis.call('GET', KEYS[2]) or '0'))
local free = after - (burst - 1) * interval
if not redis.call('ZSCORE', KEYS[1], id) then
  local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  local place = math.max(now, (tonumber(last[2]) or 0) + 1)
  redis.call('ZADD', KEYS[1], string.format('%.0f', place), id)
end
local ahead = redis.call('ZRANK', KEYS[1], id)
if ahead == 0 and free <= now then
  redis.call('ZREM', KEYS[1], id)
  local keep = math.ceil((after + interval - now) / 1000) + 1000
  redis.call('SET', KEYS[2], string.format('%.0f', after + interval), 'PX', keep)
  return {'0', 0}
end
redis.call('EXPIRE', KEYS[1], 86400)
local behind = 0
if ahead > 0 and free <= now then
  behind = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0)[1])
end
local wait = math.max(free - now, 0) + ahead * interval
return {string.format('%.0f', wait), behind}
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """``wait`` is 0 if the message may go now; ``behind`` a message that could go but did not."""

    wait: float
    behind: int


@dataclass(frozen=True, slots=True)
class Slots:
    """``count`` send times: the first in ``delay`` seconds, the others ``interval`` seconds apart.

    Without any, ``delay`` is how long to wait before asking again; unless another worker sends for
    the channel: then it is ``elsewhere``.
    """

    count: int
    delay: float
    interval: float
    elsewhere: bool = False


class Throttle:
    """Reserves send times for channels, and turns for recipients. ``me`` names who reserves."""

    def __init__(self, client: redis.asyncio.Redis, me: str = "") -> None:
        self._client, self._me = client, me
        self._script = client.register_script(_SCRIPT)
        self._let_go = client.register_script(_LET_GO)
        self._turn = client.register_script(_TURN)

    async def reserve(
        self, channel: int, rate: Decimal | float, wanted: int, *, ahead: float = 0.0
    ) -> Slots:
        """Reserve up to ``wanted`` slots at ``rate`` messages per second. Raises RedisError.

        The first is no sooner than in ``ahead`` seconds.
        """
        interval = 1 / float(rate)
        count, micros = await self._script(
            keys=[f"parley:rate:{channel}", _holder(channel)],
            args=[
                *(interval * 1_000_000, wanted, HORIZON * 1_000_000, ahead * 1_000_000),
                *(self._me, int(HELD * 1000)),
            ],
        )
        if int(count) < 0:
            return Slots(0, 0, interval, elsewhere=True)
        return Slots(int(count), int(micros) / 1_000_000, interval)

    async def let_go(self, channel: int) -> None:
        """Let others reserve for this channel at once. Raises RedisError."""
        await self._let_go(keys=[_holder(channel)], args=[self._me])

    async def turns(
        self, channel: int, interval: float, burst: int, asked: Sequence[tuple[str, int]]
    ) -> list[Turn]:
        """Whether each (recipient, message) may go now, asked in this order. Raises RedisError.

        One that may has taken its turn; one that may not keeps its place in its recipient's line.
        """
        async with self._client.pipeline(transaction=False) as pipe:
            for recipient, message in asked:
                args = [message, round(interval * 1_000_000), burst]
                await self._turn(keys=_line(channel, recipient), args=args, client=pipe)
            found = await pipe.execute()
        return [Turn(int(wait) / 1_000_000, int(behind)) for wait, behind in found]

    async def forget(self, channel: int, gone: Iterable[tuple[str, int]]) -> None:
        """Take messages that will not come any more out of their recipients' lines."""
        for recipient, message in gone:
            await self._client.zrem(_line(channel, recipient)[0], message)


def _holder(channel: int) -> str:
    return f"parley:rate:{channel}:holder"


def _line(channel: int, recipient: str) -> list[str]:
    """The keys of a recipient: who waits, and from when on the next may go."""
    key = f"parley:to:{channel}:{recipient}"
    return [f"{key}:line", f"{key}:free"]
