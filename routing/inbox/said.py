"""The thread's messages as HTML. A message is made of facts, and equal facts are written once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.template.loader import get_template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..models import Attachment, Extension, Message, Session
from .bubbles import Bubble
from .events import reason, told
from .lines import address_of
from .texts import linked

KEPT = 4000  # messages; their texts are the larger part of it
TEMPLATE = "inbox/_message.html"


@dataclass(frozen=True, slots=True)
class File:
    """A file as the thread shows it."""

    pk: int
    state: str
    image: bool
    name: str
    size: str
    type: str
    reason: str
    again: bool  # whether the agent may try to load it once more


@dataclass(frozen=True, slots=True)
class Said:
    """All that the template of a message is told. What is shown must be a field: it is the key."""

    pk: int
    session: str  # its address
    side: str
    event: str
    status: str
    live: bool
    joined: bool
    day: str
    day_title: str
    first_unread: bool
    who: str
    at: str
    text: str
    word: str
    note: str
    leaves_at: str
    leaves: str
    files: tuple[File, ...]
    undo: bool
    scheduled: bool
    retry: bool
    elsewhere: bool
    key: str  # by which the page knows the message that it sent

    @property
    def has_forms(self) -> bool:
        """Whether it holds what belongs to this request alone."""
        again = any(file.again for file in self.files)
        return self.undo or self.retry or self.elsewhere or again


def said(bubble: Bubble, session: Session, extension: Extension, token: Any) -> SafeString:
    """The message as this agent sees it. ``token`` makes its buttons this request's own."""
    facts = _said(bubble, session, extension)
    if facts.has_forms:
        return _html(facts, {"csrf_token": token})
    return _written(facts, get_language())


@lru_cache(KEPT)
def _written(facts: Said, language: str | None) -> SafeString:
    return _html(facts, {})


def _html(facts: Said, more: dict[str, Any]) -> SafeString:
    at = timezone.datetime.fromisoformat(facts.at)
    told = {"time": f"{at:%H:%M}", "full": date_format(at, _("l, j F Y, H:i:s"))}
    html = linked(facts.text) if facts.side != "line" else facts.text
    return get_template(TEMPLATE).render(asdict(facts) | told | {"text": html} | more)


def _said(bubble: Bubble, session: Session, extension: Extension) -> Said:
    message = bubble.message
    guest = getattr(session, "guest", False)
    own = message.author_id == extension.pk and not guest
    may = message.may_retry and not guest
    leaves_at = bubble.leaves_at
    return Said(
        pk=message.pk,
        session=address_of(session.pk),
        side=bubble.side,
        event=message.event,
        status=message.status,
        live=bubble.live,
        joined=bubble.joined,
        day=bubble.day.isoformat() if bubble.day else "",
        day_title=bubble.day_title if bubble.day else "",
        first_unread=bubble.first_unread,
        who=str(session.customer) if message.direction == Message.IN else bubble.author,
        at=timezone.localtime(message.created_at).isoformat(timespec="seconds"),
        text=told(message.event, message.text) if bubble.side == "line" else message.text,
        word=bubble.word if bubble.side == "own" else "",
        note=bubble.note if bubble.side == "own" else "",
        leaves_at=leaves_at.isoformat() if leaves_at else "",
        leaves=bubble.leaves,
        files=tuple(_file(file, guest) for file in bubble.files),
        undo=leaves_at is not None and own,
        scheduled=leaves_at is not None and bubble.scheduled,
        retry=may and session.closed_at is None,
        key=message.client_key if own else "",
        elsewhere=may and getattr(session, "elsewhere", False),
    )


def _file(file: Attachment, guest: bool) -> File:
    return File(
        pk=file.pk,
        state=file.state,
        image=file.is_image,
        name=file.name,
        size=str(filesizeformat(file.size)),
        type=file.content_type,
        reason=reason(file.reason),
        again=file.state == Attachment.MISSING and bool(file.source_url) and not guest,
    )
