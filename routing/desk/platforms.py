"""What a system at the Open API does: as the platform that it is, or for one of our agents.

It sees the sessions of its own numbers, or all if it has none of its own; each function takes the
door first and says no to any other session. What is refused is raised as Refused, AlreadyTaken or
SessionClosed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_app.models import Number, Template

from .. import files
from ..models import (
    Attachment,
    Customer,
    Door,
    Errand,
    Extension,
    Message,
    Platform,
    Queue,
    Session,
    SessionClosed,
    SetAside,
)
from . import sessions, starting, writing
from .handing import hand_over
from .outside import by_key, key_of
from .refusing import Refused
from .telling import audiences, nudge, say


def transfer(door: Door, session: Session, to: Extension | Queue | Platform) -> None:
    """Give the session to someone else, with its history. Raises Refused."""
    with transaction.atomic():
        session = _locked(door, session)
        owner = session.holder or session.platform or session.queue
        if to == owner:
            raise Refused(_("%(who)s already has this session.") % {"who": to})
        hand_over(session, to, str(door))


def close(door: Door, session: Session) -> bool:
    """Close the session; returns whether this call did it."""
    with transaction.atomic():
        session = _locked(door, session)
        if not session.close():
            return False
        say(session, "closed", f"{door} closed the session")
        nudge(audiences(session), session)
    return True


def put_away(door: Door, session: Session, of: Extension | None, *, removed: bool = False) -> None:
    """Archive the session for an agent, or for the platform, until its next message.

    ``removed``: the Open API does not list it for them any more, not even as archived.
    """
    if of is not None:
        sessions.archive(of, session)
    if of is None or removed:
        _aside(door, session, of, removed=removed)


def bring_back(door: Door, session: Session, of: Extension | None) -> None:
    """Bring an archived session back to the list of an agent, or of the platform."""
    if of is not None:
        sessions.unarchive(of, session)
    else:
        SetAside.objects.filter(session=session, platform=door.receiver, removed=False).delete()


def _aside(door: Door, session: Session, of: Extension | None, *, removed: bool) -> None:
    theirs = {"extension": of} if of else {"platform": door.receiver}
    now = {"at": timezone.now(), "removed": removed}
    SetAside.objects.update_or_create(session=session, **theirs, defaults=now)


def write(
    door: Door,
    session: Session,
    text: str,
    *,
    extension: Extension | None = None,
    upload: Sequence[File] = (),
    template: Template | None = None,
    values: Sequence[str] = (),
    client_key: str = "",
) -> Message:
    """Queue an answer in a session, the platform's own or for an agent; returns the message.

    For an agent it is as if they had written it, in a queue with automatic pick-up too.
    """
    if first := _first(door, client_key):
        return first
    more: dict[str, Any] = {"upload": upload, "template": template, "values": values}
    if extension is not None:
        with transaction.atomic():
            key = key_of(door, client_key) if client_key else ""
            return _ours(door, writing.write(extension, session, text, client_key=key, **more))
    with writing.ready(session.channel, text, upload, template) as kept:
        return _write(door, session, text, kept, template, values, client_key)


def start(
    door: Door,
    number: Number,
    recipient: str,
    text: str,
    *,
    extension: Extension | None = None,
    upload: Sequence[File] = (),
    template: Template | None = None,
    values: Sequence[str] = (),
    client_key: str = "",
) -> Message:
    """Begin with a customer, or go on in the open session; returns the message.

    A new session is the platform's, or the agent's; from which numbers an agent may begin, their
    rules say.
    """
    if first := _first(door, client_key):
        return first
    if extension is not None:
        more: dict[str, Any] = {"upload": upload, "template": template, "values": values}
        key = key_of(door, client_key or secrets.token_hex(16))
        with transaction.atomic():
            starting.start(extension, number, recipient, text, client_key=key, **more)
            message = writing.by_key(extension, key)
            assert message is not None
            return _ours(door, message)
    address = starting.address_of(number.channel.provider_class, recipient)
    starting.check_may_begin(number, address)
    with writing.ready(number.channel, text, upload, template) as kept:
        return _write(door, (number, address), text, kept, template, values, client_key)


def _write(
    door: Door,
    where: Session | tuple[Number, str],
    text: str,
    kept: Sequence[Attachment],
    template: Template | None,
    values: Sequence[str],
    client_key: str,
) -> Message:
    try:
        with transaction.atomic():
            session = _mine(door, where) if isinstance(where, Session) else _open(door, *where)
            marks: dict[str, Any] = {}
            if template is None:
                writing.check_window(session)
            else:
                text = writing.filled(session, template, values)
                marks["template"] = {"template": template.pk, "values": list(values)}
            key = key_of(door, client_key) if client_key else ""
            return _ours(door, writing.enqueue(session, text.strip(), kept, key, marks))
    except IntegrityError:
        if first := _first(door, client_key):
            files.drop(kept)
            return first
        raise


def _first(door: Door, client_key: str) -> Message | None:
    return by_key(door, client_key) if client_key else None


def _ours(door: Door, message: Message) -> Message:
    """The message, remembered as one that this door asked for: it hears what became of it."""
    Errand.objects.get_or_create(message=message, defaults={"door": door})
    return message


def _mine(door: Door, session: Session) -> Session:
    session = _locked(door, session)
    if session.closed_at:
        raise SessionClosed
    if session.platform_id != door.receiver_id or session.holder_id:
        said = _("This session does not belong to %(door)s. Transfer it first.")
        raise Refused(said % {"door": door})
    return session


def _open(door: Door, number: Number, address: str) -> Session:
    """The customer's open session, held until the transaction ends, or a new one of ours."""
    network = number.channel.provider_class.network
    customer, _ = Customer.objects.get_or_create(network=network, address=address)
    fresh: dict[str, Any] = {"channel": number.channel, "platform": door.receiver}
    fresh |= {"last_inbound": False, "last_text": ""}
    while True:
        session, made = Session.objects.get_or_create(
            number=number, customer=customer, closed_at=None, defaults=fresh
        )
        if made:
            say(session, "started", f"{door} started the session")
        session = _locked(door, session)
        if session.closed_at is None:  # else somebody closed it in this moment
            return session


def _locked(door: Door, session: Session) -> Session:
    """The session as it is now, held until the transaction ends. Raises Refused."""
    now = door.sessions.filter(pk=session.pk).select_for_update(of=("self",))
    related = ("holder", "queue", "platform", "channel", "number", "customer")
    if found := now.select_related(*related).first():
        return found
    raise Refused(_("There is no such session."))
