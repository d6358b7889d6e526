"""The orders of the list, and places in them.

Every order but that of the last activity is one of open sessions, which are few: the database finds
those of an agent or a queue by an index of the open ones and puts just these in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import Session
from ..models.sessions import SessionQuerySet

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = {"priority": 2, "last_at": 17, "pk": 12}


@dataclass(frozen=True)
class Order:
    """By these fields, all of them downwards or all upwards."""

    fields: tuple[str, ...]
    down: bool
    name: str | Promise
    open: bool = True
    owed: bool = False  # only sessions in which the customer wrote last

    @property
    def by(self) -> list[str]:
        return [f"-{field}" if self.down else field for field in self.fields]

    def narrow(self, sessions: SessionQuerySet) -> SessionQuerySet:
        """Those of the sessions that this order shows."""
        if self.owed:
            sessions = sessions.filter(last_inbound=True)
        return sessions.open() if self.open else sessions

    def place(self, session: Session) -> str:
        """The session's place. As texts, places grow from the list's end to its top."""
        return "-".join(self._written(field, getattr(session, field)) for field in self.fields)

    def after(self, place: str) -> Q | None:
        """What follows this place; None if it is none of this order."""
        parts = place.split("-")
        if len(parts) != len(self.fields):
            return None
        follows = Q()
        for field, text in reversed(list(zip(self.fields, parts, strict=True))):
            if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS[field]):
                return None
            value, step = self._read(field, text), "lt" if self.down else "gt"
            beyond = Q(**{f"{field}__{step}": value})
            follows = Q(**{f"{field}__{step}e": value}) & (beyond | follows) if follows else beyond
        return follows

    def _written(self, field: str, value: Any) -> str:
        number = (value - BEGIN) // timedelta(microseconds=1) if field == "last_at" else value
        digits = DIGITS[field]
        return f"{number if self.down else 10**digits - 1 - number:0{digits}d}"

    def _read(self, field: str, text: str) -> Any:
        number = int(text) if self.down else 10 ** DIGITS[field] - 1 - int(text)
        return BEGIN + timedelta(microseconds=number) if field == "last_at" else number


LAST, OLDEST = "", "oldest"
ORDERS: dict[str, Order] = {
    LAST: Order(("last_at", "pk"), True, _("Last activity, newest first"), open=False),
    OLDEST: Order(("last_at", "pk"), False, _("Last activity, oldest first"), open=False),
    "created": Order(("pk",), True, _("Created, newest first")),
    "first": Order(("pk",), False, _("Created, oldest first")),
    "priority": Order(("priority", "last_at", "pk"), True, _("Priority, highest first")),
    "lowest": Order(("priority", "last_at", "pk"), False, _("Priority, lowest first")),
    "waiting": Order(("last_at", "pk"), False, _("Waiting longest first"), owed=True),
    "latest": Order(("last_at", "pk"), True, _("Waiting shortest first"), owed=True),
}
#: What the menu offers: what is sorted by, and its two directions.
MENU = (
    (_("Last activity"), LAST, OLDEST),
    (_("Created"), "created", "first"),
    (_("Priority"), "priority", "lowest"),
    (_("Waiting longest"), "waiting", "latest"),
)
UNSORTED = ("archived", "failed", "snoozed")  # sections that are always by last activity
