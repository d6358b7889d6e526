"""Messages that leave at a time their author chose."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import outbox
from ..models import Extension, Message, Session
from ..models.messages import MessageQuerySet
from .refusing import Refused
from .sessions import locked
from .telling import audiences, nudge

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=366)


def check_time(due_at: datetime) -> None:
    """Raise Refused unless a message can be kept until then."""
    now = timezone.now()
    if due_at < now + SOONEST:
        raise Refused(_("Choose a time that is still to come."))
    if due_at > now + LATEST:
        raise Refused(_("Choose a time within a year."))


def reschedule(extension: Extension, message: Message, due_at: datetime | None = None) -> None:
    """Let the agent's waiting message leave at another time, or now.

    Raises Refused once any part of it has left, AlreadyTaken if the session is no longer theirs.
    """
    if due_at is not None:
        check_time(due_at)
    now = timezone.now()
    with transaction.atomic():
        session = locked(extension, message.session, closed=True)
        parts = sent_together(session, extension, message)
        waiting = parts.filter(status=Message.QUEUED, attempts=0, due_at__gt=now)
        wanted = parts.count()
        if not wanted or waiting.update(due_at=due_at or now) != wanted:
            raise Refused(_("Too late: this message has left already."))
        nudge(audiences(session), session)
        if due_at is None:
            outbox.ring_on_commit(message.channel_id)
        else:
            outbox.ring_later(message.channel_id, (due_at - now).total_seconds() + 0.1)


def sent_together(session: Session, extension: Extension, message: Message) -> MessageQuerySet:
    """What one press of Send made, in however many messages it travels: made in one moment."""
    return Message.objects.filter(
        session=session,
        author=extension,
        direction=Message.OUT,
        created_at=message.created_at,
    )
