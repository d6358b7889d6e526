"""Which sessions an agent's list shows, and how many wait in each view.

Each view is a handful of branches, every one read from an index in the order of the list: what the
agent holds, and what lies in each of their queues. An OR over both would sort the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet, Value
from django.utils import timezone
from django.utils.formats import date_format

from ..models import Extension, Queue, Session
from ..models.sessions import SessionQuerySet

VIEWS = {"all": "All", "mine": "Mine", "waiting": "Waiting", "archived": "Archived"}
PAGE = 50
MANY = 100  # a view is counted up to here

NEWEST = ("-last_at", "-pk")


@dataclass(frozen=True)
class Cursor:
    """A place in the list. Its text sorts as the list does."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        micros = (self.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return f"{micros:017d}-{self.pk:012d}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor of this text; None if it is none."""
        micros, _, pk = text.partition("-")
        if not (micros.isdecimal() and pk.isdecimal() and len(micros) <= 17 and len(pk) <= 18):
            return None
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))
        return cls(at, int(pk))


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    session: Session

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.session.last_at, self.session.pk)

    @property
    def waiting(self) -> bool:
        return not (self.session.holder_id or self.session.closed_at or self.session.shared)

    @property
    def when(self) -> str:
        """The time of the last message: the hour today, else the day."""
        at, now = timezone.localtime(self.session.last_at), timezone.localtime()
        days = (now.date() - at.date()).days
        if days <= 0:
            return date_format(at, "H:i")
        if days < 7:
            return "Yesterday" if days == 1 else date_format(at, "D")
        return date_format(at, "j M" if at.year == now.year else "j M Y")


@dataclass(frozen=True)
class Tab:
    """One view with its number of sessions."""

    view: str
    name: str
    found: int

    @property
    def shown(self) -> str:
        return f"{MANY - 1}+" if self.found >= MANY else str(self.found)


@dataclass(frozen=True)
class Listing:
    """A page of one view."""

    view: str
    rows: list[Row]
    more: bool
    tabs: Sequence[Tab] = ()
    unread: int = 0

    @property
    def query(self) -> str:
        """What keeps a link in this view."""
        return "" if self.view == "all" else f"?view={self.view}"

    @property
    def title(self) -> str:
        return VIEWS[self.view]

    @property
    def last(self) -> Cursor:
        return self.rows[-1].cursor


def listing(extension: Extension, view: str = "all", before: Cursor | None = None) -> Listing:
    """A page of the view: the first one with the counts of all views, or what is older."""
    view = view if view in VIEWS else "all"
    queues = list(extension.queues.all())
    if before:
        pks, tabs, unread = _older(_branches(extension, view, queues), before), (), 0
    else:
        tops = _tops(extension, queues)
        newest = sorted(tops[view], reverse=True)[: PAGE + 1]
        pks = [pk for _, pk, _ in newest]
        tabs = [Tab(each, name, len(tops[each])) for each, name in VIEWS.items()]
        unread = sum(missed > 0 for each in ("mine", "waiting") for *_, missed in tops[each])
    found = Session.objects.select_related("customer", "number", "queue", "holder").in_bulk(pks)
    rows = [Row(found[pk]) for pk in pks[:PAGE] if pk in found]
    return Listing(view, rows, len(pks) > PAGE, tabs, unread)


def _branches(extension: Extension, view: str, queues: list[Queue]) -> list[SessionQuerySet]:
    """The parts of a view; no session is in two of them."""
    if view == "archived":
        return [Session.objects.for_extension(extension).archived_by(extension)]
    kept = Session.objects.not_archived_by(extension)
    held = kept.filter(holder=extension)
    shared = [kept.filter(holder=None, queue=q) for q in queues if q.pickup == Queue.NONE]
    unheld = [kept.filter(holder=None, queue=q) for q in queues if q.pickup != Queue.NONE]
    if view == "mine":
        return [each.open() for each in (held, *shared)]
    if view == "waiting":
        return [each.open() for each in unheld] or [Session.objects.none()]
    return [held, *shared, *unheld]


def _older(branches: list[SessionQuerySet], before: Cursor) -> list[int]:
    """The keys of the next page, and one more if there is more."""
    older = Q(last_at__lt=before.at) | Q(pk__lt=before.pk)
    parts = [
        _top(branch.filter(older, last_at__lte=before.at), PAGE + 1).values_list("last_at", "pk")
        for branch in branches
    ]
    return [pk for _, pk in _merged(parts).order_by(*NEWEST)[: PAGE + 1]]


def _tops(extension: Extension, queues: list[Queue]) -> dict[str, list[tuple[datetime, int, int]]]:
    """The newest of every view by one query: when, which, and how much of it is unread."""
    parts = [
        _top(branch, MANY).values_list(Value(view), "last_at", "pk", "unread")
        for view in VIEWS
        for branch in _branches(extension, view, queues)
    ]
    tops: dict[str, list[tuple[datetime, int, int]]] = {view: [] for view in VIEWS}
    for view, *top in _merged(parts):
        tops[view].append(tuple(top))
    return tops


def _top(branch: SessionQuerySet, limit: int) -> QuerySet[Session]:
    """The newest of a branch, in a form that every database lets us join to others."""
    return Session.objects.filter(pk__in=branch.order_by(*NEWEST).values("pk")[:limit]).order_by()


def _merged(parts: list[QuerySet[Session]]) -> QuerySet[Session]:
    return parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
