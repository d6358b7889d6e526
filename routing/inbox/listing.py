"""Which sessions an agent's list shows, and how many lie in each section.

Each section is a handful of branches, every one read from an index in the order of the list: what
the agent holds, and what lies in each of their queues. An OR over both would sort the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Q, QuerySet, Value
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels_app.models import Channel

from ..desk import others
from ..models import Extension, Queue, SavedView, Session
from ..models.sessions import SessionQuerySet
from .choice import FILTERS, NOT_SENT, STATES, VIEWS, Choice
from .rows import Row, shown_rows
from .searching import Hit, search
from .sorting import LAST, ORDERS, Order

PAGE = 50
MANY = 100  # a section is counted up to here

NEWEST = ("-last_at", "-pk")
Top = tuple[datetime, int, int]  # when, which, and how much of it is unread


@dataclass(frozen=True)
class Section:
    """One part of the sessions, with its number of them."""

    view: str
    name: str
    found: int

    @property
    def shown(self) -> str:
        return f"{MANY - 1}+" if self.found >= MANY else str(self.found)

    @property
    def query(self) -> str:
        return Choice(self.view).query


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the list without it."""

    caption: str
    query: str


@dataclass(frozen=True)
class Listing:
    """A page of one choice."""

    choice: Choice
    rows: list[Row]
    hits: list[Hit]
    more: bool
    tabs: Sequence[Section] = ()
    sections: Sequence[Section] = ()
    unread: int = 0
    queues: Sequence[Queue] = ()
    saved: Sequence[SavedView] = ()

    @property
    def view(self) -> str:
        return self.choice.view

    @property
    def query(self) -> str:
        """What keeps a link in this list."""
        return self.choice.query

    @property
    def title(self) -> str:
        if self.choice.words:
            return _("Search")
        if self.view == "all":
            return _("All sessions")
        own = (queue.name for queue in self.queues if queue.pk == self.choice.queue_section)
        return str(VIEWS.get(self.view) or next(own, ""))

    @property
    def connected(self) -> bool:
        """Whether messages can come at all."""
        return Channel.objects.exists()

    @property
    def older(self) -> str:
        """The address of what follows this page."""
        last = self.hits[-1].message.pk if self.hits else self.rows[-1].cursor
        return f"{self.query}{'&' if self.query else '?'}before={last}"

    @property
    def chips(self) -> list[Chip]:
        """The filters that are on."""
        choice = self.choice
        on = {
            "channel": self._channel_name if choice.channel else "",
            "queue": next((str(x) for x in self.queues if x.pk == choice.queue), ""),
            "state": str(STATES.get(choice.state, "")),
            "tag": choice.tag_name,
            "field": choice.field_name,
            "since": _since(choice.since) if choice.since else "",
            "sort": str(choice.order.name) if choice.order != ORDERS[LAST] else "",
        }
        return [
            Chip(caption, choice.without(name).query) for name, caption in on.items() if caption
        ]

    @property
    def unfiltered(self) -> str:
        return self.choice.without(*FILTERS).query

    @property
    def _channel_name(self) -> str:
        """By what is shown of it: of a channel that has nothing for this agent, nothing is told."""
        return self.rows[0].session.channel_name if self.rows else _("Channel")


def _since(day: date) -> str:
    return _("Since %(day)s") % {"day": date_format(day, _("j M Y"))}


def listing(
    extension: Extension, choice: Choice | None = None, before: str = "", *, counted: bool = True
) -> Listing:
    """A page of the choice: the first one with the counts of all sections, or what is older."""
    queues, saved = _shelves(extension)
    choice = _allowed(choice or Choice(), queues)
    if choice.words:
        found = search(extension, choice, int(before) if _is_key(before) else None)
        listed = Listing(choice, found.rows, found.hits, found.more)
        tops = {} if before or not counted else _tops(extension, queues, None)
    elif before:
        follows = choice.order.after(before)
        pks = _page(_chosen(extension, choice, queues), choice.order, follows) if follows else []
        return Listing(choice, _rows(extension, pks, choice.order), [], len(pks) > PAGE)
    elif choice.order != ORDERS[LAST]:
        tops = _tops(extension, queues, None)
        pks = _page(_chosen(extension, choice, queues), choice.order)
        listed = Listing(choice, _rows(extension, pks, choice.order), [], len(pks) > PAGE)
    else:
        tops = _tops(extension, queues, choice)
        pks = [pk for _, pk, _ in tops["chosen"][: PAGE + 1]]
        listed = Listing(choice, _rows(extension, pks), [], len(pks) > PAGE)
    if not tops:
        return listed
    sections = [Section(view, name, len(tops[view])) for view, name in VIEWS.items()]
    own = [Section(f"queue-{q.pk}", q.name, len(tops[f"queue-{q.pk}"])) for q in queues]
    unread = sum(missed > 0 for view in ("mine", "unassigned") for *_, missed in tops[view])
    return replace(
        listed,
        tabs=sections[:3],
        sections=[*own, *sections[3:]],
        unread=unread,
        queues=queues,
        saved=saved,
    )


def channels_of(extension: Extension) -> QuerySet[Channel]:
    """The channels whose messages come to this agent, or from which they may write."""
    come = Q(numbers__rule__queue__members=extension) | Q(numbers__rule__extension=extension)
    wanted = Channel.objects.filter(come | Q(numbers__rule__may_start=extension))
    return Channel.objects.filter(pk__in=wanted.values("pk")).order_by("name")


def _shelves(extension: Extension) -> tuple[list[Queue], list[SavedView]]:
    """The agent's queues and the views they may open, by one query."""
    queues = extension.queues.order_by().values_list(Value("queue"), "pk", "name", "pickup")
    views = SavedView.objects.for_extension(extension).order_by()
    both = queues.union(views.values_list(Value("view"), "pk", "name", "query"), all=True)
    found = sorted(both, key=lambda row: (row[2].casefold(), row[1]))
    return (
        [Queue(pk=pk, name=name, pickup=how) for kind, pk, name, how in found if kind == "queue"],
        [SavedView(pk=pk, name=name, query=to) for kind, pk, name, to in found if kind == "view"],
    )


def _rows(extension: Extension, pks: list[int], order: Order = ORDERS[LAST]) -> list[Row]:
    found = shown_rows(extension).in_bulk(pks[:PAGE])
    people = others(extension, list(found))
    shown = [found[pk] for pk in pks[:PAGE] if pk in found]
    return [Row(each, order=order, people=people.get(each.pk, ())) for each in shown]


def _allowed(choice: Choice, queues: list[Queue]) -> Choice:
    """The choice without queues that are not this agent's: not even their names may be learnt."""
    own = {queue.pk for queue in queues}
    if choice.queue not in own:
        choice = choice.without("queue")
    section = choice.queue_section
    return choice if section is None or section in own else replace(choice, view="all")


def _chosen(extension: Extension, choice: Choice, queues: list[Queue]) -> list[SessionQuerySet]:
    return [choice.narrow(each) for each in _branches(extension, choice.view, queues)]


def _branches(extension: Extension, view: str, queues: list[Queue]) -> list[SessionQuerySet]:
    """The parts of a section; no session is in two of them."""
    if view == "archived":
        return [Session.objects.for_extension(extension).archived_by(extension)]
    if view == "snoozed":
        return [Session.objects.snoozed_for(extension)]
    kept = Session.objects.not_archived_by(extension)
    if view == "failed":
        return [kept.for_extension(extension).filter(pk__in=NOT_SENT.values("session"))]
    kept = kept.awake()
    held, unheld = kept.filter(holder=extension), kept.filter(holder=None)
    if view == "all":
        return [held, *(unheld.filter(queue=queue) for queue in queues)]
    lying = {f"queue-{queue.pk}": unheld.filter(queue=queue).open() for queue in queues}
    if view in lying:
        return [lying[view]]
    if view == "held":
        return [held.open()]
    found = [lying[name] for name in _parts(view, queues)]
    return ([held.open(), *found] if view == "mine" else found) or [Session.objects.none()]


def _parts(view: str, queues: list[Queue]) -> list[str]:
    """The queues' sections that make up Mine, beside what is held, and Unassigned."""
    return [f"queue-{q.pk}" for q in queues if (q.pickup == Queue.NONE) == (view == "mine")]


def _page(branches: list[SessionQuerySet], order: Order, follows: Q | None = None) -> list[int]:
    """The keys of a page in this order, and one more if there is more."""
    parts = [
        _top(order.narrow(branch).filter(follows or Q()), PAGE + 1, order.by).values_list(
            *order.fields
        )
        for branch in branches
    ]
    return [row[-1] for row in _merged(parts).order_by(*order.by)[: PAGE + 1]]


def _tops(extension: Extension, queues: list[Queue], choice: Choice | None) -> dict[str, list[Top]]:
    """The newest of every section by one query, each in the order of the list.

    "chosen" is what the agent looks at now.
    """
    views = [
        "all",
        "held",
        "failed",
        "snoozed",
        "archived",
        *(f"queue-{queue.pk}" for queue in queues),
    ]
    read = {view: _branches(extension, view, queues) for view in views}
    if choice and choice.filtered:
        read["chosen"] = _chosen(extension, choice, queues)
    parts = [
        _top(branch, MANY).values_list(Value(view), "last_at", "pk", "unread")
        for view, branches in read.items()
        for branch in branches
    ]
    tops: dict[str, list[Top]] = {view: [] for view in read}
    for view, *top in _merged(parts):
        tops[view].append(tuple(top))
    tops["mine"] = tops.pop("held") + [t for v in _parts("mine", queues) for t in tops[v]]
    tops["unassigned"] = [t for v in _parts("unassigned", queues) for t in tops[v]]
    tops = {view: sorted(top, reverse=True)[:MANY] for view, top in tops.items()}
    if choice and not choice.filtered:
        tops["chosen"] = tops[choice.view]
    return tops


def _top(branch: SessionQuerySet, limit: int, by: Sequence[str] = NEWEST) -> QuerySet[Session]:
    """The first of a branch, in a form that every database lets us join to others."""
    return Session.objects.filter(pk__in=branch.order_by(*by).values("pk")[:limit]).order_by()


def _merged(parts: list[QuerySet[Session]]) -> QuerySet[Session]:
    return parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) < 19
