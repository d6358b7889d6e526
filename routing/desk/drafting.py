"""What an agent has typed and not sent yet: the same in all of their browsers."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from .. import live
from ..models import Draft, Extension, Session


def keep_draft(extension: Extension, session: Session, text: str, tab: str = "") -> None:
    """Keep the text, or forget it if it is empty; the agent's browsers but ``tab`` are told."""
    text = text.replace("\0", "")
    if text:
        draft = Draft(extension=extension, session=session, text=text, at=timezone.now())
        Draft.objects.bulk_create(
            [draft],
            update_conflicts=True,
            unique_fields=["extension", "session"],
            update_fields=["text", "at"],
        )
    else:
        forget_draft(extension, session)
    who = [live.extension_audience(extension.pk)]
    transaction.on_commit(lambda: live.nudge(who, draft=session.pk, tab=tab))


def forget_draft(extension: Extension, session: Session) -> None:
    """The text is sent, or was deleted."""
    Draft.objects.filter(extension=extension, session=session).delete()


def draft_of(extension: Extension, session: Session) -> str:
    """What the agent has typed in this session."""
    found = Draft.objects.filter(extension=extension, session=session)
    return found.values_list("text", flat=True).first() or ""
