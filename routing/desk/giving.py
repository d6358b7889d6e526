"""Giving sessions to colleagues: with a note, and all of one's own at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db import transaction

from .. import live
from ..models import AlreadyTaken, Extension, Mention, Platform, Queue, Session
from .noting import note as add_note
from .refusing import Refused
from .sessions import transfer

MOST = 500  # sessions of one agent


def hand(
    extension: Extension, session: Session, to: Extension | Queue | Platform, note: str = ""
) -> None:
    """Transfer the session, with a private note for whoever gets it.

    A colleague finds the note under their mentions. Raises Refused or AlreadyTaken.
    """
    with transaction.atomic():
        made = add_note(extension, session, note) if note.strip() else None
        transfer(extension, session, to)
        if made and isinstance(to, Extension):
            Mention.objects.get_or_create(extension=to, message=made, defaults={"session": session})
            names = [live.extension_audience(to.pk)]
            transaction.on_commit(lambda: live.nudge(names, mention=session.pk))


def going_back(extension: Extension) -> dict[str, int]:
    """Where the agent's open sessions would go, and how many; "" is how many would stay."""
    return dict(Counter(str(to or "") for _, to in _homes(extension)))


def give_back(extension: Extension) -> int:
    """Let every open session of the agent wait again where its customers' messages go.

    Returns how many went. What has no other place stays.
    """
    gone = 0
    for session, to in _homes(extension):
        if to is None:
            continue
        try:
            transfer(extension, session, to)
        except (AlreadyTaken, Refused):
            continue
        gone += 1
    return gone


def _homes(extension: Extension) -> Iterator[tuple[Session, Extension | Queue | None]]:
    """The agent's open sessions, each with its queue, else where its number leads."""
    related = ("queue", "holder", "number__rule__queue", "number__rule__extension")
    held = Session.objects.open().filter(holder=extension).select_related(*related)
    for session in held.order_by("pk")[:MOST]:
        rule = getattr(session.number, "rule", None)
        to = session.queue or (rule and (rule.queue or rule.extension))
        yield session, to if to and to != extension else None
