"""Deleting an agent, a queue or a platform: their open sessions must not be left with nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from routing.models import Rule, Session
from routing.models.sessions import SessionQuerySet

NAMED = 5


def release(sessions: SessionQuerySet) -> None:
    """Let open sessions go where their number's messages go now."""
    sessions.follow_rules()


def release_agent(extension: Any) -> None:
    """Let go of what an agent holds: a queue's sessions wait there again."""
    held = Session.objects.open().filter(holder=extension)
    release(held.filter(queue=None))
    held.exclude(queue=None).update(holder=None)


def still_needed(word: str, **destination: Any) -> str:
    """Why something that numbers lead to cannot be deleted, or "" if none does."""
    rules = Rule.objects.filter(**destination).select_related("number")[: NAMED + 1]
    if not rules:
        return ""
    listed = _listed([str(rule.number) for rule in rules])
    return f"Messages to {listed} go to this {word}. Give them another destination first."


def _listed(numbers: Iterable[str]) -> str:
    numbers = list(numbers)
    return ", ".join(numbers[:NAMED]) + (" and others" if len(numbers) > NAMED else "")


def going_back(sessions: QuerySet[Session]) -> list[str]:
    """What the page that asks for confirmation says about open sessions."""
    count = sessions.count()
    if not count:
        return []
    return [f"{count} open {'session goes' if count == 1 else 'sessions go'} to another place"]
