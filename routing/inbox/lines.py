"""The list's lines as HTML. A line is made of facts, and equal facts are written only once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from providers import registry

from ..models import Extension, Session
from ..presence import Person
from .faces import initials, tone
from .labels import SHOWN, Label, labels_of
from .rows import Row

KEPT = 4000  # lines; some kilobytes each
ICONS = {"phone": "net-sms", "email": "net-mail", "telegram": "net-plane"}


@dataclass(frozen=True, slots=True)
class Line:
    """All that the template of a row is told. What is shown must be a field: it is the key."""

    pk: int
    key: str
    href: str
    current: bool
    name: SafeString  # escaped here, as what was searched for is marked in it
    address: SafeString
    label: str
    tone: int
    initials: str
    at: str
    ago: str
    text: str
    said_by: str
    unread: str
    closed: bool
    waiting: bool
    shared: bool
    owed: bool
    failed: bool
    draft: bool
    called: bool
    number: str
    channel: str
    icon: str
    queue: str
    holder: str
    holder_initials: str
    holder_tone: int
    people: tuple[Person, ...]
    priority: int
    until: str
    back: bool
    vip: bool
    labels: tuple[Label, ...]
    more_labels: int


def line(row: Row, extension: Extension, query: str, opened: int | None = None) -> SafeString:
    """A row of ``shown_rows`` as this agent sees it in this list, beside the session ``opened``."""
    return _written(_line(row, extension, query, opened), get_language())


@lru_cache(KEPT)
def _written(facts: Line, language: str | None) -> SafeString:
    full = date_format(datetime.fromisoformat(facts.at), _("l, j F Y, H:i"))
    told = {name: getattr(facts, name) for name in Line.__slots__}
    return get_template("inbox/_row.html").render(told | {"full": full})


def _line(row: Row, extension: Extension, query: str, opened: int | None) -> Line:
    session = row.session
    customer, holder, queue = session.customer, session.holder, session.queue
    at = timezone.localtime(session.last_at)
    labels = labels_of(session)
    network, provider = _network(session.channel_provider)
    return Line(
        pk=session.pk,
        key=row.cursor,
        href=address_of(session.pk) + query,
        current=session.pk == opened,
        name=conditional_escape(row.who),
        address=conditional_escape(row.address),
        label=str(customer),
        tone=tone(customer.pk),
        initials=initials(customer),
        at=at.isoformat(timespec="seconds"),
        ago=row.when,
        text=Truncator(session.last_text).chars(120),
        said_by=_said_by(session, extension),
        unread="99+" if session.unread > 99 else str(session.unread or ""),
        closed=session.closed_at is not None,
        waiting=row.waiting,
        shared=session.shared,
        owed=session.last_inbound and session.closed_at is None,
        failed=session.failed,
        draft=session.drafted,
        called=session.called,
        number=str(session.number),
        channel=f"{session.channel_name} ({provider})",
        icon=ICONS.get(network, "net-chat"),
        queue=str(queue or ""),
        holder=holder.name if holder else "",
        holder_initials=initials(holder.name) if holder else "",
        holder_tone=tone(holder.pk) if holder else 0,
        people=row.people,
        priority=session.priority,
        until=row.until,
        back=session.woken > 0,
        vip=bool(session.vip),
        labels=labels[:SHOWN],
        more_labels=len(labels[SHOWN:]),
    )


def _said_by(session: Session, extension: Extension) -> str:
    """Whose the last text is: "" if the customer's."""
    if session.last_inbound or not session.last_text:
        return ""
    if session.author_pk == extension.pk:
        return "You"
    return session.author_name or "We"


def address_of(pk: int) -> str:
    """A session's address."""
    return _pattern().replace("/0/", f"/{pk}/")


@lru_cache(1)
def _pattern() -> str:
    """A session's address with 0 for its key; asking the resolver for each is what costs."""
    return reverse("session", args=[0])


def _network(slug: str) -> tuple[str, str]:
    """The network and the name of a provider; of one that this version lacks, its slug."""
    try:
        found = registry.get(slug)
    except KeyError:
        return "", slug
    return found.network, found.name
