"""The time filter of the channel list: named periods, or two dates, in the current time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

NAMES = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "month": "This month",
    "all": "All",
}
PARAMETERS = ("period", "from", "to")


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both included; None is open. ``error`` is for people."""

    key: str
    first: date | None
    last: date | None
    error: str = ""

    @property
    def start(self) -> datetime | None:
        return _midnight(self.first) if self.first else None

    @property
    def end(self) -> datetime | None:
        """The first moment that is no longer part of it."""
        return _midnight(self.last + timedelta(days=1)) if self.last else None

    @property
    def hours(self) -> dict[str, datetime]:
        """The filter for hours that begin within the period."""
        bounds = {"hour__gte": self.start, "hour__lt": self.end}
        return {name: moment for name, moment in bounds.items() if moment}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def chosen(query: Mapping[str, str]) -> Period:
    """The period a query string asks for; today if it asks for none, or for nonsense."""
    today = timezone.localdate()
    if query.get("from") or query.get("to"):
        return _between(query, today)
    days = {
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "7": (today - timedelta(days=6), today),
        "30": (today - timedelta(days=29), today),
        "month": (today.replace(day=1), today),
        "all": (None, None),
    }
    key = query.get("period", "today")
    if key not in days:
        return Period("today", today, today)
    return Period(key, *days[key])


def _between(query: Mapping[str, str], today: date) -> Period:
    try:
        first = date.fromisoformat(query["from"]) if query.get("from") else None
        last = date.fromisoformat(query["to"]) if query.get("to") else None
        period = Period("dates", first, last)
        _ = period.hours  # a date at the end of time has no next day
    except (ValueError, OverflowError):
        return Period("today", today, today, "Write both dates like 2026-03-31.")
    if first and last and first > last:
        return Period("today", today, today, "The first date is later than the second.")
    return period
