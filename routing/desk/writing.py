"""An agent's answer: checked, queued, and the channel's bell rung."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_app.models import Channel, Template
from providers import segments

from .. import files, outbox
from ..models import (
    AgentSettings,
    Attachment,
    Customer,
    Extension,
    Message,
    Queue,
    Session,
    recipients,
)
from ..models.messages import new_reference
from ..models.windows import window_of
from .drafting import forget_draft
from .limits import bundles, check
from .overtaking import check_news
from .refusing import Refused
from .scheduling import check_time
from .sessions import locked, take
from .telling import audiences, nudge


def write(
    extension: Extension,
    session: Session,
    text: str = "",
    *,
    upload: Sequence[File] = (),
    template: Template | None = None,
    values: Sequence[str] = (),
    client_key: str = "",
    lane: int = Message.PERSON,
    seen: int | None = None,
    due_at: datetime | None = None,
) -> Message:
    """Queue an answer and ring the channel's bell; returns the message, of several the last.

    A ``template`` with its ``values`` is sent instead of a text. The same ``client_key`` again
    returns the first message and sends nothing. In a queue with automatic pick-up the first to
    answer has picked up. ``seen`` is the newest message that the agent knew when they wrote. It
    leaves at ``due_at``; without it at once, or once it can no longer be undone.
    Raises Refused, AlreadyTaken, SessionClosed, Overtaken.
    """
    if client_key and (first := by_key(extension, client_key)):
        return first
    if due_at is not None:
        check_time(due_at)
    with ready(session.channel, text, upload, template) as kept:
        return write_kept(
            extension, session, text, kept, template, values, client_key, lane, seen, due_at
        )


@contextmanager
def ready(
    channel: Channel, text: str, upload: Sequence[File], template: Template | None = None
) -> Iterator[list[Attachment]]:
    """The files, stored ahead of any transaction. Raises Refused if the channel takes this not."""
    if template is None:
        check(channel.adapter, text, upload)
    elif upload:
        raise Refused(_("No file can be sent along with a template."))
    with files.staged(channel.provider_class, upload) as kept:
        yield kept


def write_kept(
    extension: Extension,
    session: Session,
    text: str,
    kept: Sequence[Attachment],
    template: Template | None = None,
    values: Sequence[str] = (),
    client_key: str = "",
    lane: int = Message.PERSON,
    seen: int | None = None,
    due_at: datetime | None = None,
) -> Message:
    """``write``, once the text is checked and the files are stored."""
    try:
        with transaction.atomic():
            session = locked(extension, session)
            if seen is not None:
                check_news(extension, session, seen)
            if template is not None:
                text = filled(session, template, values)
            else:
                check_window(session)
            if session.holder is None and session.queue and session.queue.pickup == Queue.AUTO:
                take(extension, session)
            marks: dict[str, Any] = {"author": extension, "lane": lane}
            if template is None:
                forget_draft(extension, session)
            else:
                marks["template"] = {"template": template.pk, "values": list(values)}
            undo = AgentSettings.of(extension).undo_seconds
            if due_at is None and undo:
                due_at = timezone.now() + timedelta(seconds=undo)
            return enqueue(session, text.strip(), kept, client_key, marks, due_at)
    except IntegrityError:
        if client_key and (first := by_key(extension, client_key)):
            files.drop(kept)
            return first
        raise


def retry(extension: Extension, message: Message) -> bool:
    """Send a failed or unknown message once more; False if there is nothing to retry.

    Raises Refused, AlreadyTaken or SessionClosed.
    """
    with transaction.atomic():
        session = locked(extension, message.session)
        if message.template is None:
            check_window(session)
        if not message.may_retry or not message.retry():
            return False
        recipients.follow([message.pk])
        nudge(audiences(session), session)
        outbox.ring_on_commit(message.channel_id)
    return True


def by_key(extension: Extension, client_key: str) -> Message | None:
    """The message that this agent's browser already sent under this key."""
    named = Message.objects.exclude(client_key="")  # said again, so that SQLite takes the index
    return named.filter(author=extension, client_key=client_key).first()


def check_window(session: Session) -> None:
    """Raise Refused if the network takes no free text for this customer now."""
    window = window_of(session)
    if window and not window.is_open:
        raise Refused(window.why_closed)


def filled(session: Session, template: Template, values: Sequence[str]) -> str:
    """The template's text with these values. Raises Refused unless it can be sent here."""
    if template.channel_id != session.channel_id:
        raise Refused(_("%(template)s belongs to another channel.") % {"template": template})
    if not template.usable:
        said = _("%(template)s cannot be sent: the provider says %(status)s.")
        raise Refused(said % {"template": template, "status": template.status or _("no")})
    if len(values) != len(template.variables) or not all(value.strip() for value in values):
        names = ", ".join(template.variables)
        said = _("Fill in all that %(template)s asks for: %(names)s.")
        raise Refused(said % {"template": template, "names": names})
    return template.filled(values)


def enqueue(
    session: Session,
    text: str,
    kept: Sequence[Attachment],
    client_key: str,
    marks: dict[str, Any],
    due_at: datetime | None = None,
) -> Message:
    """One message, or several where the provider takes less in one; the files are stored.

    They leave at ``due_at``, or at once.
    """
    channel = session.channel
    media = channel.provider_class.media
    if kept and not text and media and media.accompanying_text:
        text = channel.accompanying_text
    parts = bundles(media, text, kept)
    phone = session.customer.network == Customer.PHONE
    now = timezone.now()
    due_at = due_at or now
    for at, (words, bundle) in enumerate(parts):
        message = Message.objects.create(
            session=session,
            channel=channel,
            direction=Message.OUT,
            status=Message.QUEUED,
            sender=channel.sender_for(session.number.value),
            recipient=session.customer.address,
            text=words,
            has_files=bool(bundle),
            segments=segments.count(words).segments if words and phone else 0,
            reference=new_reference(),
            client_key=client_key if at == len(parts) - 1 else "",
            due_at=due_at,
            created_at=now,
            **marks,
        )
        for file in bundle:
            files.attach(message, file)
    session.touch(text or kept[0].name, inbound=False, at=now)
    if marks.get("author"):  # a machine has not read what the customer wrote
        session.mark_read()
    nudge(audiences(session), session)
    if due_at > now:
        outbox.ring_later(channel.pk, (due_at - now).total_seconds() + 0.1)
    else:
        outbox.ring_on_commit(channel.pk)
    return message
