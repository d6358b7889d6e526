"""The lines of the list, and their places in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..models import Draft, Extension, Mention, Message, Session
from ..models.sessions import SessionQuerySet
from ..presence import Person
from . import labels
from .marking import Asked, marked
from .sorting import LAST, ORDERS, Order

NOT_SENT = (Message.FAILED, Message.UNKNOWN)


def shown_rows(extension: Extension) -> SessionQuerySet:
    """Sessions with all that their lines show to this agent."""
    mine = {"extension": extension, "session": OuterRef("pk")}
    unsent = Message.objects.filter(session=OuterRef("pk"), status__in=NOT_SENT)
    answers = Message.objects.filter(session=OuterRef("pk"), direction=Message.OUT).order_by("-pk")
    answered = Q(last_inbound=False)
    return Session.objects.select_related("customer", "number", "queue", "holder").annotate(
        channel_name=F("channel__name"),
        vip=F("customer__card__vip"),
        **labels.told(),
        channel_provider=F("channel__provider"),
        author_pk=Case(When(answered, Subquery(answers.values("author")[:1]))),
        author_name=Case(When(answered, Subquery(answers.values("author__name")[:1]))),
        failed=Exists(unsent),
        drafted=Exists(Draft.objects.filter(**mine)),
        called=Exists(Mention.objects.unseen().filter(**mine)),
    )


@dataclass(frozen=True)
class Row:
    """One line of the list. Of a search, with what was asked for."""

    session: Session
    asked: Asked | None = None
    people: tuple[Person, ...] = ()
    order: Order = ORDERS[LAST]

    @property
    def cursor(self) -> str:
        """Its place in the list."""
        return self.order.place(self.session)

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
    def until(self) -> str:
        return asleep_until(self.session)

    @property
    def when(self) -> str:
        """The time of the last message, in few letters."""
        return short_time(self.session.last_at)


def asleep_until(session: Session) -> str:
    """Until when the session sleeps, in few words; "" if it is awake."""
    if session.snoozed_until is None:
        return ""
    if session.snoozed_until == Session.UNTIL_REPLY:
        return _("Until a reply")
    return _("Until %s") % coming_time(session.snoozed_until)


def coming_time(moment: datetime) -> str:
    """The hour; of another day than today with the day before it."""
    at, today = timezone.localtime(moment), timezone.localdate()
    if at.date() == today:
        return date_format(at, "H:i")
    return date_format(at, _("D H:i") if (at.date() - today).days < 7 else _("j M H:i"))


def short_time(moment: datetime) -> str:
    """How many minutes ago, if it is less than an hour; the hour today, else the day."""
    at, now = timezone.localtime(moment), timezone.localtime()
    minutes = (now - at) // timedelta(minutes=1)
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes} if minutes > 0 else _("now")
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return _day(at.date(), now.date(), get_language())


@lru_cache(1000)
def _day(day: date, today: date, language: str | None) -> str:
    days = (today - day).days
    if days < 7:
        return _("Yesterday") if days == 1 else date_format(day, "D")
    return date_format(day, _("j M") if day.year == today.year else _("j M Y"))
