"""Tags of sessions: of one, and of many at once with a way back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from ..models import Extension, Session, SessionTag, Tag
from .many import MOST
from .telling import audiences, nudge


def set_tags(extension: Extension, session: Session, tags: Iterable[Tag]) -> None:
    """Let the session have these tags and no others."""
    wanted = {tag.pk: tag for tag in tags}
    with transaction.atomic():
        SessionTag.objects.filter(session=session).exclude(tag__in=wanted).delete()
        SessionTag.objects.bulk_create(
            [SessionTag(session=session, tag=tag, by=extension) for tag in wanted.values()],
            ignore_conflicts=True,
        )
        nudge(audiences(session), session)


def tag_many(extension: Extension, pks: Iterable[int], tag: Tag) -> list[int]:
    """Give the tag to those that the agent may see and that lack it; returns which."""
    with transaction.atomic():
        found = _visible(extension, pks)
        had = SessionTag.objects.filter(session__in=found, tag=tag)
        without = set(had.values_list("session", flat=True))
        fresh = [session for session in found if session.pk not in without]
        SessionTag.objects.bulk_create(
            [SessionTag(session=session, tag=tag, by=extension) for session in fresh],
            ignore_conflicts=True,
        )
        for session in fresh:
            nudge(audiences(session), session)
    return [session.pk for session in fresh]


def untag_many(extension: Extension, pks: Iterable[int], tag: Tag) -> list[int]:
    """Take the tag from those that the agent may see; returns which."""
    with transaction.atomic():
        found = _visible(extension, pks)
        having = SessionTag.objects.filter(session__in=found, tag=tag)
        keys = set(having.values_list("session", flat=True))
        having.delete()
        for session in found:
            if session.pk in keys:
                nudge(audiences(session), session)
    return sorted(keys)


def _visible(extension: Extension, pks: Iterable[int]) -> list[Session]:
    found = Session.objects.for_extension(extension).filter(pk__in=list(pks)[:MOST])
    return list(found.order_by("pk"))
