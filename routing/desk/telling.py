"""System lines in a session, and nudges for those who see it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from .. import live
from ..models import Extension, Message, Session

NOTE = "note"  # the event of a private note


def say(session: Session, event: str, text: str, author: Extension | None = None) -> Message:
    """Add a system line to the session."""
    return Message.objects.create(
        session=session,
        channel_id=session.channel_id,
        direction=Message.SYSTEM,
        event=event,
        text=text,
        author=author,
    )


def tell_members(extensions: Iterable[int]) -> None:
    """Tell these agents' browsers, after the commit, that their queues changed."""
    names = [live.extension_audience(pk) for pk in sorted(extensions)]
    if names:
        transaction.on_commit(lambda: live.nudge(names, who=True))


def audiences(session: Session) -> list[str]:
    """Whose browsers show this session."""
    if session.holder_id:
        return [live.extension_audience(session.holder_id)]
    return [live.queue_audience(session.queue_id)] if session.queue_id else []


def nudge(to: Iterable[str], session: Session) -> None:
    """Tell these audiences, after the commit, to look at the session again."""
    names = sorted(to)
    transaction.on_commit(lambda: live.nudge(names, session=session.pk))
