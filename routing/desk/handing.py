"""A session goes to somebody else, whoever sends it there."""

from __future__ import annotations

from django.db import transaction

from .. import live
from ..models import Extension, Handover, Message, Platform, PlatformEvent, Queue, Session
from .telling import audiences, nudge, say

KINDS = {Extension: Handover.EXTENSION, Queue: Handover.QUEUE, Platform: Handover.PLATFORM}
FIELDS = {Extension: "holder", Queue: "queue", Platform: "platform"}


def hand_over(
    session: Session, to: Extension | Queue | Platform, who: str, author: Extension | None = None
) -> None:
    """Give a locked session to someone else, say so, and tell them. Raises AlreadyTaken."""
    before = audiences(session)
    session.move(session.holder, **{FIELDS[type(to)]: to})
    name = to.name if isinstance(to, Extension) else str(to)
    line = say(session, "transferred", f"{who} transferred to {name}", author)
    Handover.objects.create(message=line, kind=KINDS[type(to)], destination=to.pk, name=name)
    if isinstance(to, Platform):
        last = session.messages.filter(direction=Message.IN).last()
        PlatformEvent.objects.create(platform=to, session=session, message=last)
        transaction.on_commit(lambda: live.nudge_many(live.heard([to.pk])))
    nudge({*before, *audiences(session)}, session)
