"""What a supervisor sees and does in the sessions of others."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import AlreadyTaken, Extension, Listening, Platform, Queue, Session
from .handing import hand_over
from .refusing import Refused

ONE_VISIT = timedelta(minutes=15)  # a page that is looked at again within it is one entry


def note_listening(supervisor: Extension, session: Session) -> None:
    """Keep for the administrators that the supervisor read this session."""
    now = timezone.now()
    mine = Listening.objects.filter(user=supervisor.user_id, session=session)
    if not mine.filter(at__gt=now - ONE_VISIT).exists():
        Listening.objects.create(
            user_id=supervisor.user_id, name=str(supervisor)[:150], session=session, at=now
        )


def reassign(supervisor: Extension, session: Session, to: Extension | Queue | Platform) -> None:
    """Give anybody's open session to somebody else. Raises Refused or AlreadyTaken."""
    with transaction.atomic():
        now = Session.objects.open().select_for_update(of=("self",)).filter(pk=session.pk)
        found = now.select_related("holder", "queue", "platform").first()
        if found is None:
            raise Refused(_("This session is closed."))
        if found.holder_id != session.holder_id:
            raise AlreadyTaken(found.holder)
        if to in (found.holder, found.platform) or (not found.holder_id and to == found.queue):
            raise Refused(_("%(who)s already has this session.") % {"who": to})
        hand_over(found, to, supervisor.name, supervisor)
