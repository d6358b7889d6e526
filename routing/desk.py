"""What an agent can do: write, pick up, transfer, close, archive, start, retry.

Every function takes the agent first and changes nothing the agent may not see. What is refused is
raised as Refused, AlreadyTaken or SessionClosed, with a sentence for the agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from channels_app.fields import normalise
from channels_app.models import Number
from providers import segments

from . import files as attachments
from . import live, outbox
from .models import (
    AlreadyTaken,
    Archived,
    Customer,
    Extension,
    Message,
    Platform,
    PlatformEvent,
    Queue,
    Session,
    SessionClosed,
)
from .models.messages import new_reference


class Refused(Exception):
    """It cannot be done; the text tells the agent why."""


def write(
    extension: Extension,
    session: Session,
    text: str,
    *,
    upload: Sequence[File] = (),
    client_key: str = "",
    lane: int = Message.PERSON,
) -> Message:
    """Queue an answer and ring the channel's bell; returns the message, of several the last.

    The same ``client_key`` again returns the first message and sends nothing. In a queue with
    automatic pick-up the first to answer has picked up. Raises Refused, AlreadyTaken,
    SessionClosed.
    """
    if client_key and (first := _by_key(extension, client_key)):
        return first
    try:
        with transaction.atomic():
            session = _locked(extension, session)
            _check(session, text, upload)
            if session.holder is None and session.queue and session.queue.pickup == Queue.AUTO:
                _take(extension, session)
            return _enqueue(extension, session, text.strip(), upload, client_key, lane)
    except IntegrityError:
        if client_key and (first := _by_key(extension, client_key)):
            return first
        raise


def pick_up(extension: Extension, session: Session) -> None:
    """Make the session this agent's own. Raises AlreadyTaken, SessionClosed or Refused."""
    if session.queue and session.queue.pickup == Queue.NONE and not session.holder_id:
        raise Refused(f"Sessions of {session.queue} stay with all of its members.")
    with transaction.atomic():
        _take(extension, session)


def transfer(extension: Extension, session: Session, to: Extension | Queue | Platform) -> None:
    """Give the session to someone else, with its history. Raises AlreadyTaken or Refused."""
    if to == session.holder:
        raise Refused(f"{to} already has this session.")
    with transaction.atomic():
        session = _locked(extension, session, closed=True)
        before = audiences(session)
        kind = {Extension: "holder", Queue: "queue", Platform: "platform"}[type(to)]
        session.move(session.holder, **{kind: to})
        name = to.name if isinstance(to, Extension) else str(to)
        say(session, "transferred", f"{extension.name} transferred to {name}", extension)
        if isinstance(to, Platform):
            last = session.messages.filter(direction=Message.IN).last()
            PlatformEvent.objects.create(platform=to, session=session, message=last)
        _nudge({*before, *audiences(session)}, session)


def close(extension: Extension, session: Session) -> bool:
    """Close the session; returns whether this call did it. Raises AlreadyTaken."""
    with transaction.atomic():
        session = _locked(extension, session, closed=True)
        if not session.close():
            return False
        say(session, "closed", f"{extension.name} closed the session", extension)
        _nudge(audiences(session), session)
    return True


def archive(extension: Extension, session: Session) -> None:
    """Put the session away from this agent's list, until its next message."""
    Archived.objects.update_or_create(
        extension=extension, session=session, defaults={"at": timezone.now()}
    )
    live.nudge([f"extension:{extension.pk}"], session=session.pk)


def unarchive(extension: Extension, session: Session) -> None:
    """Bring an archived session back."""
    Archived.objects.filter(extension=extension, session=session).delete()
    live.nudge([f"extension:{extension.pk}"], session=session.pk)


def read(extension: Extension, session: Session) -> None:
    """The agent has seen the session; forgets the unread count if it is theirs to forget."""
    if (session.holder_id == extension.pk or session.shared) and session.mark_read():
        live.nudge(audiences(session), session=session.pk)


def numbers_to_start_from(extension: Extension) -> QuerySet[Number]:
    """Our numbers from which this agent may start sessions."""
    return Number.objects.filter(rule__may_start=extension).select_related("channel")


def start(
    extension: Extension,
    number: Number,
    recipient: str,
    text: str,
    *,
    upload: Sequence[File] = (),
    client_key: str = "",
) -> Session:
    """Start a session with a customer by a first message; goes on in an open one.

    An open session that another agent holds is taken over if the channel allows it. Raises Refused.
    """
    if client_key and (first := _by_key(extension, client_key)):
        return first.session
    if not numbers_to_start_from(extension).filter(pk=number.pk).exists():
        raise Refused(f"You may not start sessions from {number}.")
    try:
        address = normalise(recipient, settings.PHONE_REGION)
    except ValidationError as error:
        hint = "Write it with country code, like +41791234510."
        raise Refused(f"{error.messages[0]} {hint}") from None
    customer, _ = Customer.objects.get_or_create(network=Customer.PHONE, address=address)
    with transaction.atomic():
        session = _open_for(extension, number, customer)
        write(extension, session, text, upload=upload, client_key=client_key)
    return session


def retry(extension: Extension, message: Message) -> bool:
    """Send a failed or unknown message once more; False if there is nothing to retry.

    Raises AlreadyTaken or SessionClosed.
    """
    with transaction.atomic():
        session = _locked(extension, message.session)
        if not message.may_retry or not message.retry():
            return False
        _nudge(audiences(session), session)
        outbox.ring_on_commit(message.channel_id)
    return True


def say(session: Session, event: str, text: str, author: Extension | None = None) -> Message:
    """Add a system line to the session."""
    return Message.objects.create(
        session=session,
        channel_id=session.channel_id,
        direction=Message.SYSTEM,
        event=event,
        text=text,
        author=author,
    )


def tell_members(extensions: Iterable[int]) -> None:
    """Tell these agents' browsers, after the commit, that their queues changed."""
    names = [live.extension_audience(pk) for pk in sorted(extensions)]
    if names:
        transaction.on_commit(lambda: live.nudge(names, who=True))


def audiences(session: Session) -> list[str]:
    """Whose browsers show this session."""
    if session.holder_id:
        return [f"extension:{session.holder_id}"]
    return [f"queue:{session.queue_id}"] if session.queue_id else []


# --- inside ------------------------------------------------------------------------------------


def _by_key(extension: Extension, client_key: str) -> Message | None:
    named = Message.objects.exclude(client_key="")  # said again, so that SQLite takes the index
    return named.filter(author=extension, client_key=client_key).first()


def _locked(extension: Extension, session: Session, *, closed: bool = False) -> Session:
    """The session as it is now, held until the transaction ends.

    Raises AlreadyTaken if the agent may no longer see it, SessionClosed unless ``closed`` is fine.
    """
    visible = Session.objects.for_extension(extension).filter(pk=session.pk)
    now = visible.select_for_update(of=("self",)).select_related("holder", "queue").first()
    if now is None:
        raise AlreadyTaken(Session.objects.get(pk=session.pk).holder)
    if now.closed_at and not closed:
        raise SessionClosed
    return now


def _take(extension: Extension, session: Session) -> None:
    before = audiences(session)
    if session.pick_up(extension):
        say(session, "picked_up", f"{extension.name} picked up", extension)
        _nudge({*before, *audiences(session)}, session)


def _check(session: Session, text: str, upload: Sequence[File]) -> None:
    provider = session.channel.provider_class
    if not text.strip() and not upload:
        raise Refused("Write a text or choose a file.")
    if provider.max_text and len(text) > provider.max_text:
        raise Refused(
            f"The text has {len(text)} characters; {provider.name} takes at most "
            f"{provider.max_text}."
        )
    try:
        for file in upload:
            attachments.check(provider, file)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None


def _enqueue(
    extension: Extension,
    session: Session,
    text: str,
    upload: Sequence[File],
    client_key: str,
    lane: int,
) -> Message:
    """One message, or several where the provider takes fewer files in one."""
    channel = session.channel
    media = channel.provider_class.media
    if upload and not text and media and media.accompanying_text:
        text = channel.accompanying_text
    step = media.max_files if media else 1
    bundles = [upload[at : at + step] for at in range(0, len(upload), step)] or [()]
    now = timezone.now()
    for at, bundle in enumerate(bundles):
        words = text if at == 0 else ""
        message = Message.objects.create(
            session=session,
            channel=channel,
            direction=Message.OUT,
            status=Message.QUEUED,
            author=extension,
            sender=session.number.value,
            recipient=session.customer.address,
            text=words,
            has_files=bool(bundle),
            segments=segments.count(words).segments if words else 0,
            reference=new_reference(),
            client_key=client_key if at == len(bundles) - 1 else "",
            lane=lane,
            due_at=now,
            created_at=now,
        )
        for file in bundle:
            attachments.store(message, file.name or "file", _type_of(file), file)
    session.touch(text or bundles[0][0].name or "", inbound=False, at=now)
    session.mark_read()
    _nudge(audiences(session), session)
    outbox.ring_on_commit(channel.pk)
    return message


def _type_of(file: File) -> str:
    return getattr(file, "content_type", "") or "application/octet-stream"


def _open_for(extension: Extension, number: Number, customer: Customer) -> Session:
    """The customer's open session at this number, made or taken over for the agent."""
    session, made = Session.objects.get_or_create(
        number=number,
        customer=customer,
        closed_at=None,
        defaults={
            "channel": number.channel,
            "holder": extension,
            "last_inbound": False,
            "last_text": "",
        },
    )
    if made:
        say(session, "started", f"{extension.name} started the session", extension)
        return session
    if Session.objects.for_extension(extension).filter(pk=session.pk).exists():
        return session
    owner = session.holder or session.queue or session.platform
    if not number.channel.allow_second_session:
        raise Refused(f"This customer already has an active session with {owner}.")
    before = audiences(session)
    session.move(session.holder, holder=extension)
    say(session, "taken_over", f"{extension.name} took over from {owner}", extension)
    _nudge({*before, *audiences(session)}, session)
    return session


def _nudge(to: Iterable[str], session: Session) -> None:
    names = sorted(to)
    transaction.on_commit(lambda: live.nudge(names, session=session.pk))


__all__ = [
    "AlreadyTaken",
    "Refused",
    "SessionClosed",
    "archive",
    "audiences",
    "close",
    "numbers_to_start_from",
    "pick_up",
    "read",
    "retry",
    "say",
    "start",
    "tell_members",
    "transfer",
    "unarchive",
    "write",
]
