"""Putting a session off until later, and how urgent it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Extension, Session
from .refusing import Refused
from .sessions import locked, take
from .telling import audiences, nudge, say

LONGEST = timedelta(days=366)


def snooze(extension: Extension, session: Session, until: datetime) -> None:
    """Take the session out of the lists until then, or until the customer writes.

    One that waits is picked up by it, so that nobody else waits for nothing. Raises Refused,
    AlreadyTaken, SessionClosed.
    """
    now = timezone.now()
    if until != Session.UNTIL_REPLY and not now < until <= now + LONGEST:
        raise Refused(_("Choose a time to come, within a year."))
    with transaction.atomic():
        session = locked(extension, session)
        if session.holder is None and not session.shared:
            take(extension, session)
        Session.objects.filter(pk=session.pk).update(snoozed_until=until, woken=Session.SEEN)
        when = "the customer replies"
        if until != Session.UNTIL_REPLY:  # each reader is told it in their own zone
            when = until.astimezone(UTC).isoformat(" ", "minutes")
        say(session, "snoozed", f"{extension.name} snoozed the session until {when}", extension)
        nudge(audiences(session), session)


def wake(extension: Extension, session: Session) -> bool:
    """Bring a snoozed session back now; returns whether it was snoozed. Raises AlreadyTaken."""
    with transaction.atomic():
        session = locked(extension, session, closed=True)
        asleep = Session.objects.filter(pk=session.pk, snoozed_until__isnull=False)
        if not asleep.update(snoozed_until=None):
            return False
        say(session, "woken", f"{extension.name} brought the session back", extension)
        nudge(audiences(session), session)
    return True


def prioritise(extension: Extension, session: Session, priority: int) -> bool:
    """Say how urgent the session is; returns whether that is new. Raises Refused, AlreadyTaken."""
    if priority not in Session.PRIORITIES:
        raise Refused(_("Choose one of the priorities."))
    with transaction.atomic():
        session = locked(extension, session, closed=True)
        other = Session.objects.filter(pk=session.pk).exclude(priority=priority)
        if not other.update(priority=priority):
            return False
        named = {0: "removed the priority", 1: "set the priority to high", 2: "marked it as urgent"}
        say(session, "priority", f"{extension.name} {named[priority]}", extension)
        nudge(audiences(session), session)
    return True
