"""How a message looks in the thread: side, mark, words, files, and the day it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import urlize
from django.utils.safestring import SafeString, mark_safe

from .. import outbox
from ..desk import NOTE
from ..models import Attachment, Message, Session

PAGE = 50
LEAD_IN = 10  # messages shown before the one that is sought
MOST = 300  # messages of one page; the page itself asks for those that follow
PLACES = 2  # so many waiting messages are told their place; each costs a query

WORDS = {
    Message.QUEUED: "Waiting",
    Message.SENDING: "Sending",
    Message.SENT: "Sent",
    Message.DELIVERED: "Delivered",
    Message.READ: "Read",
    Message.FAILED: "Failed",
    Message.UNKNOWN: "It is not known whether this arrived",
}


@dataclass
class Bubble:
    """One message as the agent sees it."""

    message: Message
    day: date | None = None  # set where a new day begins
    place: str = ""
    files: list[Attachment] = field(default_factory=list)

    @property
    def side(self) -> str:
        if self.message.event == NOTE:
            return "private"
        return {Message.OUT: "own", Message.IN: "theirs"}.get(self.message.direction, "line")

    @property
    def day_title(self) -> str:
        """Today, Yesterday, or the day's name."""
        today = timezone.localdate()
        ago = (today - self.day).days if self.day else 0
        if ago < 2:
            return "Yesterday" if ago == 1 else "Today"
        same_year = self.day is not None and self.day.year == today.year
        return date_format(self.day, "l, j F" if same_year else "l, j F Y")

    @property
    def text(self) -> SafeString:
        """The text with safe links. Everything in it is escaped."""
        found = urlize(self.message.text, nofollow=True, autoescape=True)
        # Customers' quotes are escaped by now, so these attributes can only be urlize's.
        links = 'rel="nofollow noopener noreferrer" target="_blank"'
        return mark_safe(found.replace('rel="nofollow"', links))  # noqa: S308

    @property
    def author(self) -> str:
        if self.message.author:
            return self.message.author.name
        errand = getattr(self.message, "errand", None)
        return errand.door.name if errand else ""

    @property
    def word(self) -> str:
        """The state in one or two words."""
        return WORDS.get(self.message.status, "")

    @property
    def note(self) -> str:
        """What stands under the message, if its state needs more than a mark."""
        status, reason = self.message.status, self.message.reason
        if status == Message.QUEUED:
            return self.place or (f"Waiting: {reason}" if reason else "")
        if status == Message.FAILED:
            return f"Not sent. {reason}" if reason else "Not sent."
        if status == Message.UNKNOWN:
            return f"{WORDS[status]}. {reason}".strip()
        return ""

    @property
    def leaves_at(self) -> datetime | None:
        """When it leaves, if that is later than now; so long it can be taken back."""
        message = self.message
        if message.status != Message.QUEUED or message.attempts or message.due_at is None:
            return None
        return message.due_at if message.due_at > timezone.now() else None

    @property
    def leaves(self) -> str:
        """When it leaves, in words."""
        if self.leaves_at is None:
            return ""
        seconds = (self.leaves_at - timezone.now()).total_seconds()
        if seconds <= 60:
            return f"in {ceil(seconds)} s"
        at = timezone.localtime(self.leaves_at)
        today = at.date() == timezone.localdate()
        return "at " + date_format(at, "H:i") if today else "on " + date_format(at, "l, j F, H:i")

    @property
    def live(self) -> bool:
        """Whether this may still change while it is on the screen."""
        if any(file.state == Attachment.PENDING for file in self.files):
            return True
        return self.message.direction == Message.OUT and self.message.status != Message.READ


def newest(session: Session, before: int | None = None) -> tuple[list[Bubble], bool]:
    """A page of the thread that ends before this message, and whether there is more above."""
    messages = session.messages.all()
    if before is not None:
        messages = messages.filter(pk__lt=before)
    found = list(_whole(messages.order_by("-pk"))[: PAGE + 1])
    return bubbles(session, found[:PAGE][::-1]), len(found) > PAGE


def around(session: Session, sought: int) -> tuple[list[Bubble], bool] | None:
    """The thread from shortly before this message; None if it is not of this session."""
    messages = session.messages.all()
    if not messages.filter(pk=sought).exists():
        return None
    before = messages.filter(pk__lt=sought).order_by("-pk").values_list("pk", flat=True)
    earlier = list(before[: LEAD_IN + 1])
    first = earlier[:LEAD_IN][-1] if earlier else sought
    found = _whole(messages.filter(pk__gte=first).order_by("pk"))[:MOST]
    return bubbles(session, list(found)), len(earlier) > LEAD_IN


def changed(session: Session, after: int, shown: Sequence[int]) -> list[Bubble]:
    """What came after this message, and the present state of those shown."""
    messages = session.messages.filter(Q(pk__gt=after) | Q(pk__in=shown))
    return bubbles(session, list(_whole(messages.order_by("pk"))))


def bubbles(session: Session, messages: Iterable[Message]) -> list[Bubble]:
    """The messages, oldest first, with the days between them."""
    made: list[Bubble] = []
    asked, today = 0, None
    for message in messages:
        bubble = Bubble(message, files=list(message.attachments.all()))
        day = timezone.localdate(message.created_at)
        if day != today:
            bubble.day = today = day
        waits = message.status == Message.QUEUED and not message.reason
        if waits and not bubble.leaves_at and asked < PLACES:
            bubble.place = _place(session, message)
            asked += 1
        made.append(bubble)
    return made


def _whole(messages: Iterable[Message]) -> Iterable[Message]:
    return messages.select_related("author", "errand__door").prefetch_related("attachments")


def _place(session: Session, message: Message) -> str:
    message.channel = session.channel
    place = outbox.place(message)
    if place is None:
        return ""
    position = f"position {place.position}"
    if place.capped:
        position = f"more than {place.position - 1} before it"
    wait, rate = duration(place.seconds), f"{place.rate:.3f}".rstrip("0").rstrip(".")
    return f"Waiting: {position}, about {wait} (channel limit {rate}/s)"


def duration(seconds: float) -> str:
    """So many seconds in short words: "8 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h" if seconds < 172_800 else f"{round(seconds / 86_400)} days"
