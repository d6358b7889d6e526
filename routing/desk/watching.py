"""Who is in a session right now: told to those who see it, kept nowhere for long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from .. import live, presence
from ..models import Extension, Session
from .telling import audiences


def look(
    extension: Extension,
    tab: str,
    session: Session | None,
    state: str = presence.VIEWING,
    *,
    within: bool = False,
) -> None:
    """A tab of the agent is in this session now, or in none; colleagues are told of any change.

    ``within``: only if it was there already.
    """
    if not tab:
        return
    agent = (extension.pk, extension.name)
    changed = presence.move(agent, tab, session.pk if session else None, state, within=within)
    if changed:
        transaction.on_commit(lambda: _tell(extension, changed))


def others(extension: Extension, sessions: Sequence[int]) -> dict[int, tuple[presence.Person, ...]]:
    """Who else is in each of these sessions."""
    found = presence.of(sessions).items()
    return {key: tuple(each for each in there if each.pk != extension.pk) for key, there in found}


def _tell(extension: Extension, keys: Iterable[int]) -> None:
    keys = list(keys)
    there = presence.of(keys)
    nudges = []
    for session in Session.objects.filter(pk__in=keys):
        names = {live.extension_audience(each.pk) for each in there.get(session.pk, ())}
        to = {*audiences(session), *names} - {live.extension_audience(extension.pk)}
        nudges.append((sorted([*to, live.SUPERVISORS]), {"here": session.pk}))
    live.nudge_many(nudges)
