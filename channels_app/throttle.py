"""The sending rate of a channel, across all workers: send times handed out ahead.

A generic cell rate algorithm in one Lua script. Whoever wants to send reserves slots: the answer
tells how many there are within the horizon and when the first is due; the next follow at the
rate's interval. Redis keeps the clock. Losing the key costs at most one message too early.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import redis.asyncio

HORIZON = 0.5  # seconds ahead that may be reserved

_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, wanted, horizon = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
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


@dataclass(frozen=True, slots=True)
class Slots:
    """``count`` send times: the first in ``delay`` seconds, the others ``interval`` seconds apart.

    Without any, ``delay`` is how long to wait before asking again.
    """

    count: int
    delay: float
    interval: float


class Throttle:
    """Reserves send times for channels."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._script = client.register_script(_SCRIPT)

    async def reserve(self, channel: int, rate: Decimal | float, wanted: int) -> Slots:
        """Reserve up to ``wanted`` slots at ``rate`` messages per second. Raises RedisError."""
        interval = 1 / float(rate)
        count, micros = await self._script(
            keys=[f"parley:rate:{channel}"],
            args=[interval * 1_000_000, wanted, HORIZON * 1_000_000],
        )
        return Slots(int(count), int(micros) / 1_000_000, interval)
