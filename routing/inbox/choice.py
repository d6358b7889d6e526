"""What an agent wants to see in the list: a section, filters, words. It is the list's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from urllib.parse import urlencode

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from ..models import CardField, Customer, FieldValue, Message, SessionTag, Tag
from ..models.sessions import SessionQuerySet
from .sorting import LAST, MENU, ORDERS, UNSORTED, Order

VIEWS = {
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "all": _("All"),
    "failed": _("Failed"),
    "snoozed": _("Snoozed"),
    "archived": _("Archived"),
}
STATES = {
    "unread": _("Unread"),
    "waiting": _("Waiting for an answer"),
    "failed": _("Not sent"),
    "vip": "VIP",
}
FILTERS = ("channel", "queue", "state", "since", "tag", "field")
QUEUE = re.compile(r"queue-(\d{1,18})")
LONGEST = 200  # letters of a question

NOT_SENT = Message.objects.filter(status__in=[Message.FAILED, Message.UNKNOWN])


@dataclass(frozen=True)
class Choice:
    """A section ("all", "queue-5"), filters, and the words that are searched for."""

    view: str = "all"
    words: str = ""
    channel: int | None = None
    queue: int | None = None
    state: str = ""
    since: date | None = None
    tag: int | None = None
    field: str = ""  # "5:Gold": what stands in the fifth field of the customer's card
    sort: str = LAST

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Choice:
        """What an address asks for. Nonsense in it is left out."""
        words = " ".join(asked.get("q", "").replace("\x00", " ").split())[:LONGEST]
        view = asked.get("view", "")
        known = view in VIEWS or QUEUE.fullmatch(view)
        return cls(
            view="all" if words or not known else view,
            words=words,
            channel=_key(asked.get("channel")),
            queue=_key(asked.get("queue")),
            state=asked.get("state", "") if asked.get("state") in STATES else "",
            since=_day(asked.get("since", "")),
            tag=_key(asked.get("tag")),
            field=_field(asked.get("field", "")),
            sort=asked.get("sort", LAST) if asked.get("sort") in ORDERS else LAST,
        )

    @property
    def query(self) -> str:
        """The address after the path: "" for the whole list, else with its question mark."""
        parts = {
            "view": "" if self.view == "all" else self.view,
            "q": self.words,
            "channel": self.channel or "",
            "queue": self.queue or "",
            "state": self.state,
            "since": self.since or "",
            "tag": self.tag or "",
            "field": self.field,
            "sort": self.sort,
        }
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"?{query}" if query else ""

    @property
    def filtered(self) -> bool:
        return any((self.channel, self.queue, self.state, self.since, self.tag, self.field))

    @property
    def sortable(self) -> bool:
        """Whether the agent chooses the order here."""
        return not self.words and self.view not in UNSORTED

    @property
    def order(self) -> Order:
        return ORDERS[self.sort if self.sortable else LAST]

    @property
    def orders(self) -> list[tuple[str, str, str, bool]]:
        """What can be sorted by: its name, its address, an arrow, and whether it is so now.

        The address of the present one turns its direction.
        """
        found = []
        for name, down, up in MENU:
            on = self.sort in (down, up)
            turned = up if self.sort == down else down
            arrow = ("down" if ORDERS[self.sort].down else "up") if on else ""
            found.append((str(name), replace(self, sort=turned).query, arrow, on))
        return found

    @property
    def queue_section(self) -> int | None:
        """The queue whose section this is."""
        found = QUEUE.fullmatch(self.view)
        return int(found[1]) if found else None

    @property
    def tag_name(self) -> str:
        """The tag by which the list is narrowed; "" without one."""
        found = Tag.objects.filter(pk=self.tag).first() if self.tag else None
        return str(found or "")

    @property
    def field_name(self) -> str:
        """The field and its value by which the list is narrowed; "" without one."""
        key, _colon, value = self.field.partition(":")
        found = CardField.objects.filter(pk=key).first() if key else None
        return f"{found}: {value}" if found else ""

    def without(self, *names: str) -> Choice:
        empty = {"state": "", "sort": LAST, "field": ""}
        return replace(self, **{name: empty.get(name) for name in names})

    def narrow(self, sessions: SessionQuerySet) -> SessionQuerySet:
        """Those of the sessions that the filters leave."""
        wanted = Q()
        if self.channel:
            wanted &= Q(channel=self.channel)
        if self.queue:
            wanted &= Q(queue=self.queue)
        if self.since:
            begin = datetime.combine(self.since, time.min)
            wanted &= Q(last_at__gte=timezone.make_aware(begin))
        if self.state == "unread":
            wanted &= Q(unread__gt=0)
        elif self.state == "waiting":
            wanted &= Q(closed_at=None, last_inbound=True)
        elif self.state == "failed":
            wanted &= Q(pk__in=NOT_SENT.values("session"))
        elif self.state == "vip":
            wanted &= Q(customer__card__vip=True)
        if self.tag:
            tagged = SessionTag.objects.filter(tag=self.tag).values("session")
            known = Customer.objects.filter(card__tags=self.tag).values("pk")
            wanted &= Q(pk__in=tagged) | Q(customer__in=known)
        if self.field:
            key, _colon, value = self.field.partition(":")
            held = FieldValue.objects.filter(field=key, text=value).values("card")
            wanted &= Q(customer__in=Customer.objects.filter(card__in=held).values("pk"))
        return sessions.filter(wanted)


def _key(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _field(text: str) -> str:
    key, _colon, value = text.replace("\x00", "").partition(":")
    return f"{int(key)}:{value[:500]}" if _key(key) and value else ""


def _day(text: str) -> date | None:
    try:
        found = parse_date(text[:10])
    except ValueError:
        return None
    return found if found and found.year >= 1970 else None
