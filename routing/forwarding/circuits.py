"""Receivers that fail again and again are left alone for a while, so that they cost nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from ..models import Circuit

FREE_FAILURES = 10  # in a row, before a receiver is left alone
FIRST_REST = 30.0  # seconds, doubling
LONGEST_REST = 900.0


def broken(now: datetime) -> QuerySet[Circuit]:
    """The circuits of the receivers that are left alone now."""
    return Circuit.objects.filter(broken_until__gt=now)


def success(receiver: int) -> None:
    """The receiver works."""
    Circuit.objects.filter(receiver=receiver, failures__gt=0).update(failures=0, broken_until=None)


def failure(receiver: int, now: datetime) -> None:
    """The receiver failed once more; after the tenth time each failure doubles its rest."""
    mine = Circuit.objects.filter(receiver=receiver)
    if not mine.update(failures=F("failures") + 1):
        Circuit.objects.get_or_create(receiver_id=receiver, defaults={"failures": 1})
    failures = mine.values_list("failures", flat=True).first() or 0
    if failures >= FREE_FAILURES:
        rest = min(LONGEST_REST, FIRST_REST * 2 ** min(failures - FREE_FAILURES, 20))
        mine.update(broken_until=now + timedelta(seconds=rest))
