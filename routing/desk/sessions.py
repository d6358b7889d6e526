"""What an agent does to a session as a whole: pick up, transfer, close, archive, read."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import live
from ..models import (
    AlreadyTaken,
    Archived,
    Extension,
    Platform,
    Queue,
    Session,
    SessionClosed,
)
from .handing import hand_over
from .refusing import Refused
from .telling import audiences, nudge, say


def pick_up(extension: Extension, session: Session) -> None:
    """Make the session this agent's own. Raises AlreadyTaken, SessionClosed or Refused."""
    if session.queue and session.queue.pickup == Queue.NONE and not session.holder_id:
        said = _("Sessions of %(queue)s stay with all of its members.")
        raise Refused(said % {"queue": session.queue})
    with transaction.atomic():
        take(extension, session)


def transfer(extension: Extension, session: Session, to: Extension | Queue | Platform) -> None:
    """Give the session to someone else, with its history. Raises AlreadyTaken or Refused."""
    if to == session.holder:
        raise Refused(_("%(who)s already has this session.") % {"who": to})
    with transaction.atomic():
        session = locked(extension, session, closed=True)
        hand_over(session, to, extension.name, extension)


def close(extension: Extension, session: Session, about: str = "") -> bool:
    """Close the session; returns whether this call did it. Raises AlreadyTaken.

    ``about`` is what the agent said about it.
    """
    with transaction.atomic():
        session = locked(extension, session, closed=True)
        if not session.close():
            return False
        line = f"{extension.name} closed the session" + (f": {about}" if about else "")
        say(session, "closed", line, extension)
        nudge(audiences(session), session)
    return True


def archive(extension: Extension, session: Session) -> None:
    """Put the session away from this agent's list, until its next message."""
    Archived.objects.update_or_create(
        extension=extension, session=session, defaults={"at": timezone.now()}
    )
    live.nudge([live.extension_audience(extension.pk)], session=session.pk)


def unarchive(extension: Extension, session: Session) -> None:
    """Bring an archived session back."""
    Archived.objects.filter(extension=extension, session=session).delete()
    live.nudge([live.extension_audience(extension.pk)], session=session.pk)


def read(extension: Extension, session: Session) -> None:
    """The agent has seen the session; forgets the unread count if it is theirs to forget."""
    if (session.holder_id == extension.pk or session.shared) and session.mark_read():
        live.nudge(audiences(session), session=session.pk)


def locked(extension: Extension, session: Session, *, closed: bool = False) -> Session:
    """The session as it is now, held until the transaction ends.

    Raises AlreadyTaken if the agent may no longer see it, SessionClosed unless ``closed`` is fine.
    """
    visible = Session.objects.for_extension(extension).filter(pk=session.pk)
    now = visible.select_for_update(of=("self",)).select_related("holder", "queue").first()
    if now is None:
        raise AlreadyTaken(Session.objects.get(pk=session.pk).holder)
    if now.closed_at and not closed:
        raise SessionClosed
    return now


def take(extension: Extension, session: Session) -> None:
    """Make the agent the holder, and say so. Raises AlreadyTaken or SessionClosed."""
    before = audiences(session)
    if session.pick_up(extension):
        say(session, "picked_up", f"{extension.name} picked up", extension)
        nudge({*before, *audiences(session)}, session)
