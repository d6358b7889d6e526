"""What time does to campaigns: they begin, recipients go to the outbox, answers are counted."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime

from django.utils import timezone

from channels_app.models import Channel

from ..models import Campaign, bulk
from . import handing, steering

log = logging.getLogger(__name__)

SOONEST, LATEST = 0.5, 5.0  # seconds between two rounds


def round_of_all(now: datetime | None = None) -> float:
    """Begin what is due and fill the outbox; returns in how many seconds to come again.

    0 if nothing is being sent; what is due later than that is found by beat.
    """
    _begin_due(now or timezone.now())
    steering.recall_left()
    running = Campaign.objects.kept().filter(state=Campaign.RUNNING)
    by_channel: dict[int, list[Campaign]] = defaultdict(list)
    for campaign in running.select_related("number__channel").order_by("pk"):
        by_channel[campaign.number.channel_id].append(campaign)
    pauses = [_fill(each[0].channel, each) for each in by_channel.values()]
    return min(pauses, default=0.0)


def _begin_due(now: datetime) -> None:
    scheduled = Campaign.objects.kept().filter(state=Campaign.SCHEDULED, starts_at__lte=now)
    scheduled.move(Campaign.RUNNING, started_at=now)


def _fill(channel: Channel, campaigns: list[Campaign]) -> float:
    """Share the room in the channel's outbox among its campaigns; returns when to come again."""
    if channel.paused:
        return LATEST
    left = handing.room(channel)
    moved = 0
    for place, campaign in enumerate(campaigns):
        if left <= 0:
            break
        share = -(-left // (len(campaigns) - place))
        try:
            found = bulk.mended(handing.hand_over, campaign.pk, share)
        except Exception:  # one campaign's trouble is not the others'
            log.exception("Campaign %s: its recipients cannot be handed over", campaign.pk)
            continue
        moved, left = moved + found, left - found
    seconds = handing.AHEAD_SECONDS / 2 if float(channel.rate) >= 1 else LATEST
    return max(SOONEST, min(LATEST, seconds)) if moved or left <= 0 else LATEST
