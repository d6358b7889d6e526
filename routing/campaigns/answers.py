"""Which recipients answered: those who wrote to the campaign's number after its message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..models import Campaign, Message, Recipient

AFTER = timedelta(days=7)  # an answer later than this after the end is none
SETTLED = timedelta(seconds=10)  # a transaction may take so long to show its messages
BATCH, ROUNDS = 2_000, 20

Row = tuple[int, datetime, str, int, str]  # message, when, direction, number, customer's address


def look(now: datetime | None = None) -> int:
    """Count the answers that came since the last look; returns how many.

    The cost grows with the messages that came, not with the campaigns.
    """
    now, found = now or timezone.now(), 0
    for _ in range(ROUNDS):
        with transaction.atomic():
            more, new = _look(now)
        found += new
        if not more:
            break
    return found


def newest() -> int:
    """Where to look from on, for a campaign that begins now."""
    return Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _look(now: datetime) -> tuple[bool, int]:
    """Look at the messages that come next; whether there are more, and how many were answers."""
    begun = Campaign.objects.kept().filter(started_at__isnull=False)
    alive = begun.exclude(ended_at__lt=now - AFTER)
    held = alive.select_for_update(of=("self",)).order_by("pk")
    campaigns = {pk: (number, to) for pk, number, to in held.values_list("pk", "number", _TO)}
    if not campaigns:
        return False, 0
    start = min(to for _, to in campaigns.values())
    rows = Message.objects.filter(pk__gt=start).order_by("pk").values_list(*_COLUMNS)[:BATCH]
    settled = list(takewhile(lambda row: row[1] < now - SETTLED, rows))
    if not settled:
        return False, 0
    found = _mark(campaigns, settled)
    end = settled[-1][0]
    alive.filter(answers_to__lt=end).update(answers_to=end)
    return len(settled) == BATCH, found


_TO = "answers_to"
_COLUMNS = ("pk", "created_at", "direction", "session__number", "session__customer__address")


def _mark(campaigns: dict[int, tuple[int, int]], rows: Sequence[Row]) -> int:
    """Mark the recipients who wrote these messages; returns how many there were."""
    wrote: dict[tuple[int, str], tuple[int, datetime]] = {}  # of each the last is enough
    for pk, at, direction, number, address in rows:
        if direction == Message.IN:
            wrote[number, address] = pk, at
    asked = Recipient.objects.filter(
        campaign__in=campaigns,
        address__in={address for _, address in wrote},
        message__isnull=False,
        answered_at=None,
    )
    answered: list[Recipient] = []
    for row in asked if wrote else ():
        pk, at = wrote.get((campaigns[row.campaign_id][0], row.address), (0, None))
        if at and pk > (row.message_id or 0):
            row.answered_at = at
            answered.append(row)
    Recipient.objects.bulk_update(answered, ["answered_at"])
    for campaign, n in Counter(row.campaign_id for row in answered).items():
        Campaign.objects.filter(pk=campaign).update(answered=F("answered") + n)
    return len(answered)
