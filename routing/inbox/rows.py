"""The lines of the list, and their places in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString

from ..models import Session
from .marking import Asked, marked


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
    """One line of the list. Of a search, with what was asked for."""

    session: Session
    asked: Asked | None = None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.session.last_at, self.session.pk)

    @property
    def waiting(self) -> bool:
        return not (self.session.holder_id or self.session.closed_at or self.session.shared)

    @property
    def who(self) -> str | SafeString:
        """The customer, with what was searched for marked."""
        name = str(self.session.customer)
        return marked(name, self.asked) if self.asked else name

    @property
    def address(self) -> str | SafeString:
        """The customer's address, where it was searched for and the name hides it."""
        customer = self.session.customer
        if not self.asked or not customer.name:
            return ""
        found = marked(customer.address, self.asked)
        return found if "<mark>" in found else ""

    @property
    def when(self) -> str:
        """The time of the last message: the hour today, else the day."""
        return short_time(self.session.last_at)


def short_time(moment: datetime) -> str:
    """The hour today, else the day."""
    at, now = timezone.localtime(moment), timezone.localtime()
    days = (now.date() - at.date()).days
    if days <= 0:
        return date_format(at, "H:i")
    if days < 7:
        return "Yesterday" if days == 1 else date_format(at, "D")
    return date_format(at, "j M" if at.year == now.year else "j M Y")
