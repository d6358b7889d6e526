"""What channels sent and received in a period, from the counts by hour."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from django.db.models import Sum
from django.utils import timezone

from ...models import HourCount

COUNTED = ("sent", "delivered", "failed", "received")
#: The first and the last day, counted back from today.
DAYS = {"today": (0, 0), "yesterday": (1, 1), "last_7_days": (6, 0), "last_30_days": (29, 0)}
RANGES = (*DAYS, "this_month", "all")


def counts(channels: Collection[int], wanted: str) -> dict[int, dict[str, int]]:
    """What each of the channels did in one of the ranges, in one query."""
    hours = HourCount.objects.filter(channel__in=channels, **_bounds(wanted)).order_by()
    sums = {f"all_{name}": Sum(name) for name in COUNTED}
    found = {pk: dict.fromkeys(COUNTED, 0) for pk in channels}
    for row in hours.values("channel").annotate(**sums):
        found[row["channel"]] = {name: row[f"all_{name}"] for name in COUNTED}
    return found


def _bounds(wanted: str) -> dict[str, datetime]:
    today = timezone.localdate()
    if wanted == "all":
        return {}
    first, last = DAYS.get(wanted, (today.day - 1, 0))
    return {
        "hour__gte": _midnight(today - timedelta(days=first)),
        "hour__lt": _midnight(today - timedelta(days=last - 1)),
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
