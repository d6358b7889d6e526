"""How a message looks in the thread: side, mark, words, files, and the day it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import outbox
from ..desk import NOTE
from ..models import AgentSettings, Attachment, Message, Session
from .events import reason as told_reason

PAGE = 50
LEAD_IN = 10  # messages shown before the one that is sought
MOST = 150  # messages of one answer; the page itself asks for those that follow
TOGETHER = timedelta(minutes=2)  # within which the same person's messages are one group
UNDO_MOST = timedelta(seconds=max(AgentSettings.UNDO))
PLACES = 2  # so many waiting messages are told their place; each costs a query

WORDS = {
    Message.QUEUED: gettext_lazy("Waiting"),
    Message.SENDING: gettext_lazy("Sending"),
    Message.SENT: gettext_lazy("Sent"),
    Message.DELIVERED: gettext_lazy("Delivered"),
    Message.READ: gettext_lazy("Read"),
    Message.FAILED: gettext_lazy("Failed"),
    Message.UNKNOWN: gettext_lazy("It is not known whether this arrived"),
}


@dataclass
class Bubble:
    """One message as the agent sees it."""

    message: Message
    day: date | None = None  # set where a new day begins
    joined: bool = False  # it goes on from the message before
    first_unread: bool = False
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
            return _("Yesterday") if ago == 1 else _("Today")
        same_year = self.day is not None and self.day.year == today.year
        return date_format(self.day, _("l, j F") if same_year else _("l, j F Y"))

    @property
    def author(self) -> str:
        if self.message.author:
            return self.message.author.name
        errand = getattr(self.message, "errand", None)
        return errand.door.name if errand else ""

    def follows(self, before: Bubble) -> bool:
        """Whether the same person goes on within a moment."""
        mine, theirs = self.message, before.message
        if self.side != before.side or self.side == "line":
            return False
        same = self.author == before.author and mine.author_id == theirs.author_id
        return same and mine.created_at - theirs.created_at < TOGETHER

    @property
    def scheduled(self) -> bool:
        """Whether somebody chose when it leaves, more than Undo's moment later."""
        message = self.message
        return bool(message.due_at and message.due_at - message.created_at > UNDO_MOST)

    @property
    def word(self) -> str:
        """The state in one or two words."""
        return str(WORDS.get(self.message.status, ""))

    @property
    def note(self) -> str:
        """What stands under the message, if its state needs more than a mark."""
        status, reason = self.message.status, told_reason(self.message.reason)
        if status == Message.QUEUED:
            return self.place or (_("Waiting: %(reason)s") % {"reason": reason} if reason else "")
        if status == Message.FAILED:
            return _("Not sent.") + (f" {reason}" if reason else "")
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
            return _("in %(seconds)d s") % {"seconds": ceil(seconds)}
        at = timezone.localtime(self.leaves_at)
        today = at.date() == timezone.localdate()
        if today:
            return _("at %(hour)s") % {"hour": date_format(at, "H:i")}
        return _("on %(day)s") % {"day": date_format(at, _("l, j F, H:i"))}

    @property
    def live(self) -> bool:
        """Whether this may still change while it is on the screen."""
        if any(file.state == Attachment.PENDING for file in self.files):
            return True
        return self.message.direction == Message.OUT and self.message.status != Message.READ


def newest(
    session: Session, before: int | None = None, unread: int = 0
) -> tuple[list[Bubble], bool]:
    """A page of the thread that ends before this message, and whether there is more above.

    The first of so many ``unread`` ones is marked.
    """
    messages = session.messages.all()
    if before is not None:
        messages = messages.filter(pk__lt=before)
    found = list(_whole(messages.order_by("-pk"))[: PAGE + 1])
    shown = bubbles(session, found[:PAGE][::-1])
    if unread and (theirs := [each for each in shown if each.message.direction == Message.IN]):
        theirs[-unread:][0].first_unread = True
    return shown, len(found) > PAGE


def around(session: Session, sought: int) -> tuple[list[Bubble], bool] | None:
    """The thread from shortly before this message; None if it is not of this session.

    What follows this page is asked for as news are.
    """
    messages = session.messages.all()
    if not messages.filter(pk=sought).exists():
        return None
    before = messages.filter(pk__lt=sought).order_by("-pk").values_list("pk", flat=True)
    earlier = list(before[: LEAD_IN + 1])
    first = earlier[:LEAD_IN][-1] if earlier else sought
    found = _whole(messages.filter(pk__gte=first).order_by("pk"))[:MOST]
    return bubbles(session, list(found)), len(earlier) > LEAD_IN


def changed(session: Session, after: int, shown: Sequence[int]) -> tuple[list[Bubble], bool]:
    """What came after this message, and the present state of those shown.

    Of many new ones the first, and whether there are more: a page that was far behind asks again.
    """
    messages = session.messages.all()
    later = messages.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    new = list(later[: MOST + 1])
    before = messages.filter(pk__lt=OuterRef("pk")).order_by("-pk").values("pk")
    wanted = messages.filter(pk__in=[*new[:MOST], *shown]).annotate(before=Subquery(before[:1]))
    found = list(_whole(wanted.order_by("pk")))
    known = {message.pk for message in found}
    missed = {message.before for message in found} - known - {None}
    context = _whole(Message.objects.filter(pk__in=missed)) if missed else []
    return bubbles(session, found, {each.pk: each for each in context}), len(new) > MOST


def bubbles(
    session: Session, messages: Iterable[Message], context: Mapping[int, Message] | None = None
) -> list[Bubble]:
    """The messages, oldest first, with the days between them.

    Without ``context`` they stand one after the other; else they have a ``before``, which is there
    if it is not among them.
    """
    made: dict[int, Bubble] = {}
    asked, last = 0, None
    for message in messages:
        bubble = Bubble(message, files=list(message.attachments.all()))
        if context is not None:
            prior = made.get(message.before)
            other = context.get(message.before)
            last = prior or (Bubble(other) if other else None)
        day = timezone.localdate(message.created_at)
        if last is None or timezone.localdate(last.message.created_at) != day:
            bubble.day = day
        bubble.joined = last is not None and not bubble.day and bubble.follows(last)
        waits = message.status == Message.QUEUED and not message.reason
        if waits and not bubble.leaves_at and asked < PLACES:
            bubble.place = _place(session, message)
            asked += 1
        made[message.pk] = last = bubble
    return list(made.values())


def _whole(messages: Iterable[Message]) -> Iterable[Message]:
    return messages.select_related("author", "errand__door").prefetch_related("attachments")


def _place(session: Session, message: Message) -> str:
    message.channel = session.channel
    place = outbox.place(message)
    if place is None:
        return ""
    said = _("Waiting: position %(place)d, about %(wait)s (channel limit %(rate)s/s)")
    if place.capped:
        said = _(
            "Waiting: more than %(before)d before it, about %(wait)s (channel limit %(rate)s/s)"
        )
    rate = number_format(f"{place.rate:.3f}".rstrip("0").rstrip("."))
    wait = duration(place.seconds)
    return said % {
        "place": place.position,
        "before": place.position - 1,
        "wait": wait,
        "rate": rate,
    }


def duration(seconds: float) -> str:
    """So many seconds in short words: "8 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    if seconds < 172_800:
        return f"{round(seconds / 3600)} h"
    days = round(seconds / 86_400)
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
