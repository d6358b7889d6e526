"""Sessions that come back: when their time has come, or because the customer wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from .messages import Message
from .sessions import Session


def wake_due(now: datetime, most: int) -> list[Session]:
    """Bring the sessions back whose time has come, at most so many; returns them.

    The cost grows with what comes back, not with what sleeps.
    """
    with transaction.atomic():
        due = Session.objects.due(now)
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        woken = list(due[:most])
        if woken:
            Session.objects.filter(pk__in=[each.pk for each in woken]).update(
                snoozed_until=None, woken=Session.BACK, last_at=now
            )
            _say(woken, "Back: the time is up", now)
    return woken


def say_replied(keys: Sequence[int], now: datetime) -> None:
    """Say in these sessions that the customer's message brought them back."""
    replied = list(Session.objects.filter(pk__in=keys, woken=Session.REPLIED))
    _say(replied, "Back: the customer replied", now)
    Session.objects.filter(pk__in=keys).update(woken=Session.BACK)


def _say(sessions: Sequence[Session], text: str, now: datetime) -> None:
    Message.objects.bulk_create(
        Message(
            session=each,
            channel_id=each.channel_id,
            direction=Message.SYSTEM,
            event="woken",
            text=text,
            created_at=now,
        )
        for each in sessions
    )
