"""What an agent does to many sessions at once, and takes back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from .. import live
from ..models import AlreadyTaken, Archived, Extension, Queue, Session
from ..models.sessions import SessionQuerySet
from .closing import question
from .refusing import Refused
from .sessions import close, transfer
from .telling import audiences, nudge, say

MOST = 100  # sessions at once
PLACE = ("holder_id", "queue_id", "platform_id")
Place = tuple[int | None, int | None, int | None]  # of a session: whose it is, or where it waits


def close_many(extension: Extension, pks: Iterable[int]) -> dict[int, datetime]:
    """Close those that the agent may see; returns which it closed, and when."""
    closed = {}
    for session in _visible(extension, pks):
        if question(session).must:
            continue  # each of them must be asked for
        try:
            if close(extension, session):
                closed[session.pk] = Session.objects.get(pk=session.pk).closed_at
        except AlreadyTaken:
            continue  # gone to somebody else in this moment
    return closed


def reopen_many(extension: Extension, closed: dict[int, datetime]) -> list[int]:
    """Open again what was closed at these times; returns which.

    Not those that went on since: a customer who has written again has a new session.
    """
    opened = []
    for session in _visible(extension, closed):
        try:
            with transaction.atomic():
                same = Session.objects.filter(pk=session.pk, closed_at=closed[session.pk])
                if not same.update(closed_at=None):
                    continue
                say(session, "reopened", f"{extension.name} opened the session again", extension)
                nudge(audiences(session), session)
        except IntegrityError:
            continue
        opened.append(session.pk)
    return opened


def archive_many(extension: Extension, pks: Iterable[int]) -> list[int]:
    """Put those away that are in the agent's list; returns which."""
    seen = Session.objects.for_extension(extension).not_archived_by(extension)
    found = list(seen.filter(pk__in=list(pks)[:MOST]).values_list("pk", flat=True))
    now = timezone.now()
    Archived.objects.bulk_create(
        [Archived(extension=extension, session_id=pk, at=now) for pk in found],
        update_conflicts=True,
        unique_fields=["extension", "session"],
        update_fields=["at"],
    )
    _look_again(extension)
    return found


def transfer_many(
    extension: Extension, pks: Iterable[int], to: Extension | Queue
) -> dict[int, Place]:
    """Give those to somebody that the agent may see; returns which, and where each was."""
    moved: dict[int, Place] = {}
    for session in _visible(extension, pks).filter(closed_at=None):
        if session.holder == to or (session.holder is None and session.queue == to):
            continue
        was = (session.holder_id, session.queue_id, session.platform_id)
        try:
            transfer(extension, session, to)
        except (AlreadyTaken, Refused):
            continue
        moved[session.pk] = was
    return moved


def give_back_many(extension: Extension, moved: dict[int, Place], to: Place) -> list[int]:
    """Put sessions back that were given ``to`` a place and are there still; returns which."""
    back = []
    there = dict(zip(PLACE, to, strict=True))
    for pk, was in moved.items():
        with transaction.atomic():
            same = Session.objects.open().filter(pk=pk, **there)
            found = same.select_related("holder", "queue").first()
            if found is None or not same.update(**dict(zip(PLACE, was, strict=True))):
                continue
            before = audiences(found)
            found.refresh_from_db()
            say(found, "transferred", f"{extension.name} took the transfer back", extension)
            nudge({*before, *audiences(found)}, found)
            back.append(pk)
    return back


def unarchive_many(extension: Extension, pks: Iterable[int]) -> list[int]:
    """Bring those back that the agent put away; returns which."""
    away = Archived.objects.filter(extension=extension, session__in=list(pks)[:MOST])
    found = list(away.values_list("session", flat=True))
    away.delete()
    _look_again(extension)
    return found


def _look_again(extension: Extension) -> None:
    names = [live.extension_audience(extension.pk)]
    transaction.on_commit(lambda: live.nudge(names))


def _visible(extension: Extension, pks: Iterable[int]) -> SessionQuerySet:
    found = Session.objects.for_extension(extension).filter(pk__in=list(pks)[:MOST])
    return found.select_related("holder", "queue").order_by("pk")
