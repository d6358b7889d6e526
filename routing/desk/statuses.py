"""Whether an agent wants new sessions now, and how much everybody has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from .. import live
from ..models import AgentStatus, Extension, Session
from .refusing import Refused


@dataclass
class Waiting:
    """What waits in a queue."""

    count: int = 0
    oldest: datetime | None = None


@dataclass
class Load:
    """How many open sessions every agent holds, and what waits in every queue, by their keys."""

    held: dict[int, int] = field(default_factory=dict)
    waiting: dict[int, Waiting] = field(default_factory=dict)


def load() -> Load:
    """By one query over the open sessions."""
    found = Load()
    rows = Session.objects.open().filter(platform=None).order_by()
    counted = rows.values_list("holder", "queue").annotate(Count("pk"), Min("last_at"))
    for holder, queue, count, oldest in counted:
        if holder is not None:
            found.held[holder] = found.held.get(holder, 0) + count
        elif queue is not None:
            found.waiting[queue] = Waiting(count, oldest)
    return found


def change_status(extension: Extension, state: str) -> bool:
    """Set the agent's status; returns whether it was another one. Raises Refused."""
    if state not in AgentStatus.STATES:
        raise Refused(_("There is no such status."))
    if not AgentStatus.change(extension, state):
        return False
    names = [live.extension_audience(extension.pk)]
    transaction.on_commit(lambda: live.nudge(names, status=extension.pk))
    return True
