"""A channel while it is being drained."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Any, Protocol

from django.utils import timezone

from channels_app.models import Channel
from providers.base import Outbound, Provider

JITTER = 0.007  # the part of a second by which arrivals may be closer than departures, at least
CATCH_UP = 0.7  # the part of the regular interval that messages which are late keep between them


class Road(Protocol):
    """A long-lived session, as the way of a channel's messages to its provider."""

    @property
    def shut(self) -> str:
        """Why nothing can be sent now; "" while the session stands."""

    async def send(self, message: Outbound, calls: list[dict[str, Any]]) -> str | list[str]:
        """Send one message, as ``Link.send`` does; what was said is added to ``calls``."""


class Lane:
    """A channel while it is being drained. Without a road, its messages are carried as calls."""

    def __init__(self, channel: Channel, road: Road | None = None) -> None:
        self.road = road
        self.webhook_url = channel.webhook_url
        self.draining = False
        self.mine = False  # whether other workers leave the channel to this one
        self.emptied = False  # whether all that was due has been reserved for
        self.again = False
        self.flying = 0
        self.landed = asyncio.Event()
        self.trouble = 0  # how often in a row the provider could not be reached, or was too fast
        self._left: deque[float] = deque()
        self.renew(channel)

    def renew(self, channel: Channel) -> None:
        """Go on with the channel's settings as they are now."""
        known = getattr(self, "channel", None)
        if known is None or (known.credentials, known.api_address) != (
            channel.credentials,
            channel.api_address,
        ):
            self.adapter: Provider = channel.adapter  # else the one we have may hold a log-in
        self.channel, self.loaded = channel, monotonic()
        rate = float(channel.rate)
        most = int(rate) + 1
        if most != self._left.maxlen:
            self._left = deque(self._left, maxlen=most)
        # At most the rate plus one within any second, as the provider sees them arrive: the second
        # is stretched by half of what the regular pace leaves free, for what the network jitters.
        self._second = 1 + max(JITTER, (most / rate - 1) / 2)
        self._step = CATCH_UP / rate

    def pause(self) -> float:
        """Seconds until the channel's slow-down ends; 0 if there is none."""
        until = self.channel.slowed_until
        return max(0.0, (until - timezone.now()).total_seconds()) if until else 0.0

    def departure(self, now: float) -> float:
        """When one more may leave, from ``now`` on: the loop's time. It is counted as left then.

        What a stall held up does not leave at once, but a little faster than the regular pace.
        """
        if self._left:
            now = max(now, self._left[-1] + self._step)
        if len(self._left) == self._left.maxlen:
            now = max(now, self._left[0] + self._second)
        self._left.append(now)
        return now

    @property
    def inline(self) -> bool:
        """Whether the adapter wants the bytes of files."""
        return bool(self.adapter.media and self.adapter.media.inline)

    @property
    def shut(self) -> str:
        """Why the session takes nothing now; "" if it does, or if there is none."""
        return self.road.shut if self.road else ""
