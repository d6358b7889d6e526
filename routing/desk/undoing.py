"""Taking a message back before it leaves."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from .. import files
from ..models import Attachment, Extension, Message, Session
from .drafting import keep_draft
from .refusing import Refused
from .scheduling import sent_together
from .sessions import locked
from .telling import audiences, nudge


def undo(extension: Extension, message: Message, typed: str = "") -> None:
    """Take the agent's message back into their draft, before what they have ``typed`` since.

    Whoever claims a message first has it: Raises Refused once any part of it is claimed, and
    AlreadyTaken if the agent may no longer see the session.
    """
    with transaction.atomic():
        session = locked(extension, message.session, closed=True)
        bundle = sent_together(session, extension, message)
        wanted = bundle.count()
        held = bundle.filter(status=Message.QUEUED, attempts=0).update(due_at=None)
        if not wanted or held != wanted:
            raise Refused(_("Too late: this message has left already."))
        kept = list(Attachment.objects.filter(message__in=bundle))
        texts = [each.text for each in bundle if each.text and each.template is None]
        if kept and texts == [session.channel.accompanying_text]:
            texts = []
        bundle.delete()
        _look_back(session)
        keep_draft(extension, session, "\n".join([*texts, *filter(None, [typed])]))
        nudge(audiences(session), session)
        transaction.on_commit(lambda: files.drop(kept))


def _look_back(session: Session) -> None:
    """Let the list show again what was said last."""
    last = session.messages.exclude(direction=Message.SYSTEM).last()
    if last is None:
        session.touch("", inbound=False, at=session.opened_at)
        return
    file = None if last.text else last.attachments.first()
    text = last.text or (file.name if file else "")
    session.touch(text, inbound=last.direction == Message.IN, at=last.created_at)
