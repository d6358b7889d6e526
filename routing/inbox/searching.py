"""What a search finds: customers' sessions and messages, of those the agent may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString

from ..models import Customer, Extension, Message, Session, words
from ..models.sessions import SessionQuerySet
from .choice import Choice
from .marking import Asked, excerpt
from .rows import Row, short_time, shown_rows

PAGE = 30
SESSIONS = 10  # more of one customer than this are found by more letters


@dataclass(frozen=True)
class Hit:
    """A message that was found."""

    message: Message
    asked: Asked
    query: str

    @property
    def address(self) -> str:
        """The message's lasting address: its session, opened at this message."""
        joined = f"{self.query}&" if self.query else "?"
        path = reverse("session", args=[self.message.session_id])
        return f"{path}{joined}message={self.message.pk}#m{self.message.pk}"

    @property
    def text(self) -> SafeString:
        return excerpt(self.message.text, self.asked)

    @property
    def when(self) -> str:
        return short_time(self.message.created_at)


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    hits: list[Hit]
    more: bool


def search(extension: Extension, choice: Choice, before: int | None = None) -> Found:
    """The newest of what holds the words, or the messages before this one."""
    asked = Asked.of(choice.words)
    if not asked:
        return Found([], [], False)
    visible = choice.narrow(Session.objects.for_extension(extension))
    messages = Message.objects.none()
    if asked.words:
        messages = Message.objects.filter(pk__in=words.messages_with(list(asked.words)))
    if before is not None:
        messages = messages.filter(pk__lt=before)
    related = ("session__customer", "session__number", "session__queue", "author")
    newest = messages.filter(session__in=visible).select_related(*related).order_by("-pk")
    found = list(newest[: PAGE + 1])
    hits = [Hit(message, asked, choice.query) for message in found[:PAGE]]
    known = [] if before is not None else _of_customers(extension, visible, asked)
    rows = [Row(session, asked) for session in known]
    return Found(rows, hits, len(found) > PAGE)


def _of_customers(extension: Extension, visible: SessionQuerySet, asked: Asked) -> list[Session]:
    known = Q()
    if asked.words:
        known |= Q(pk__in=words.customers_with(list(asked.words)))
    if asked.digits:
        known |= Q(address__contains=asked.digits)
    sessions = visible.filter(customer__in=Customer.objects.filter(known))
    newest = sessions.order_by("-last_at", "-pk").values("pk")[:SESSIONS]
    return list(shown_rows(extension).filter(pk__in=newest).order_by("-last_at", "-pk"))
