"""What an agent says when they close a session, as far as the administrator asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from ..models import Category, ClosingRule, Closure, Extension, Session
from .refusing import Refused
from .sessions import close

LONGEST = 500


@dataclass(frozen=True)
class Question:
    """What is asked for before a session closes."""

    categories: Sequence[Category]
    category_must: bool
    note: bool
    note_must: bool

    def __bool__(self) -> bool:
        return bool(self.categories or self.note)

    @property
    def must(self) -> bool:
        """Whether the session cannot close without an answer."""
        return bool(self.note_must or (self.categories and self.category_must))


def question(session: Session) -> Question:
    """What is asked for before this session closes; empty: nothing."""
    rule = ClosingRule.of(session.queue_id)
    if rule is None or not rule.asks:
        return Question((), False, False, False)
    wanted = rule.category != ClosingRule.NO
    categories = list(Category.objects.for_queue(session.queue_id)) if wanted else []
    must = ClosingRule.MUST
    return Question(
        categories, rule.category == must, rule.note != ClosingRule.NO, rule.note == must
    )


def close_with(extension: Extension, session: Session, category: int | None, note: str) -> bool:
    """Close the session and keep what was said; returns whether this call did it.

    Raises Refused where something that must be given is missing, AlreadyTaken.
    """
    asked, note = question(session), " ".join(note.replace("\0", "").split())
    chosen = next((each for each in asked.categories if each.pk == category), None)
    if asked.categories and asked.category_must and chosen is None:
        raise Refused(_("Choose a category."))
    if asked.note_must and not note:
        raise Refused(_("Write a short note."))
    if len(note) > LONGEST:
        raise Refused(_("The note is too long: at most %d characters.") % LONGEST)
    about = ". ".join(filter(None, [chosen.name if chosen else "", note if asked.note else ""]))
    with transaction.atomic():
        if not close(extension, session, about):
            return False
        if about:
            Closure.objects.create(
                session=session,
                extension=extension,
                category=chosen,
                note=note if asked.note else "",
            )
    return True
