"""The place of a waiting message in its channel's outbox."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from ..models import Message

MOST = 1_000  # beyond this the place is only "more than 1,000"


@dataclass(frozen=True, slots=True)
class Place:
    """``position`` counts from 1; ``seconds`` is the expected wait at the channel's rate."""

    position: int
    seconds: float
    rate: float
    capped: bool = False


def place(message: Message) -> Place | None:
    """Where a waiting message stands; None if it does not wait."""
    if message.status != Message.QUEUED or message.due_at is None:
        return None
    channel = message.channel
    now = timezone.now()
    ahead = Message.objects.filter(channel=channel, status=Message.QUEUED).filter(
        Q(lane__lt=message.lane, due_at__lte=now)
        | Q(lane=message.lane, due_at__lt=message.due_at)
        | Q(lane=message.lane, due_at=message.due_at, pk__lt=message.pk)
    )
    position = ahead[:MOST].count() + 1
    rate = float(channel.rate)
    start = max(now, message.due_at, channel.slowed_until or now)
    seconds = (start - now).total_seconds() + position / rate
    return Place(position, seconds, rate, capped=position > MOST)
