"""What another system does to a message: no agent did it."""

from __future__ import annotations

from django.db import transaction

from .. import outbox
from ..models import Message, Session, SessionClosed
from .telling import audiences, nudge
from .writing import check_window


def cancel(message: Message) -> bool:
    """Take a message back that has not left yet; returns whether it stays here.

    Whoever claims a message first has it.
    """
    with transaction.atomic():
        waiting = Message.objects.filter(pk=message.pk, status=Message.QUEUED, attempts=0)
        if not waiting.update(status=Message.FAILED, reason="Taken back before it left."):
            return False
        nudge(audiences(message.session), message.session)
    return True


def retry(message: Message) -> bool:
    """Send a failed or unknown message once more; False if there is nothing to retry.

    Raises Refused or SessionClosed.
    """
    with transaction.atomic():
        session = _locked(message.session)
        if session.closed_at:
            raise SessionClosed
        if message.template is None:
            check_window(session)
        if not message.may_retry or not message.retry():
            return False
        nudge(audiences(session), session)
        outbox.ring_on_commit(message.channel_id)
    return True


def _locked(session: Session) -> Session:
    rows = Session.objects.select_for_update(of=("self",)).select_related("holder", "queue")
    return rows.get(pk=session.pk)
