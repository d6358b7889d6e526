"""What an agent does to many sessions at once, and takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from .. import live
from ..models import AlreadyTaken, Archived, Extension, Session
from .sessions import close
from .telling import audiences, nudge, say

MOST = 100  # sessions at once


def close_many(extension: Extension, pks: Iterable[int]) -> dict[int, datetime]:
    """Close those that the agent may see; returns which it closed, and when."""
    closed = {}
    for session in _visible(extension, pks):
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


def _visible(extension: Extension, pks: Iterable[int]) -> Sequence[Session]:
    found = Session.objects.for_extension(extension).filter(pk__in=list(pks)[:MOST])
    return found.select_related("holder", "queue").order_by("pk")
