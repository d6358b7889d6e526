"""Everything about one customer: told as a whole, and erased as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from .. import files
from ..models import (
    Attachment,
    Card,
    CardEvent,
    Customer,
    Draft,
    Erasure,
    Exchange,
    ImportRow,
    Message,
    PlatformEvent,
    Session,
)
from ..models.recipients import Recipient
from .card_facts import told
from .refusing import Refused
from .telling import audiences, nudge

BATCH = 500
LONG_ENOUGH = 6  # letters of an address that may be looked for in the log of exchanges


def everything(addresses: Sequence[Customer]) -> Iterator[dict[str, Any]]:
    """All that is kept about a customer: the card, then each session with its messages."""
    card = addresses[0].card if addresses else None
    head: dict[str, Any] = {
        "customer": told(card) if card else None,
        "addresses": [{"network": a.network, "address": a.address} for a in addresses],
    }
    if card:
        events = card.events.order_by("pk").values("at", "kind", "by", "facts")
        head["changes"] = list(events)
    yield head
    sessions = Session.objects.filter(customer__in=addresses).order_by("pk")
    for session in sessions.select_related("number", "queue", "holder").iterator():
        yield {
            "session": session.pk,
            "number": str(session.number),
            "opened_at": session.opened_at,
            "closed_at": session.closed_at,
            "tags": [tag.name for tag in session.tags.all()],
            "messages": [_message(each) for each in _messages(session)],
        }


def _messages(session: Session) -> Any:
    return session.messages.select_related("author").prefetch_related("attachments")


def _message(message: Message) -> dict[str, Any]:
    return {
        "at": message.created_at,
        "direction": message.direction,
        "event": message.event,
        "status": message.status,
        "sender": message.sender,
        "recipient": message.recipient,
        "author": message.author.name if message.author else "",
        "text": message.text,
        "files": [
            {"name": f.name, "type": f.content_type, "bytes": f.size, "state": f.state}
            for f in message.attachments.all()
        ],
    }


def erase(by: Any, addresses: Sequence[Customer], card: Card | None = None) -> Erasure:
    """Erase what a customer said and was: texts, files, card, addresses, traces in the logs.

    The empty sessions stay, so that figures stay true. Returns the report, which names nobody.
    Raises Refused while a message is on its way.
    """
    with transaction.atomic():
        keys = [each.pk for each in addresses]
        held = list(Customer.objects.select_for_update(of=("self",)).filter(pk__in=keys))
        sessions = Session.objects.filter(customer__in=held)
        messages = Message.objects.filter(session__in=sessions)
        names = [each.address for each in held]
        _check_still(messages, names)
        kept = list(Attachment.objects.filter(message__in=messages).exclude(file=""))
        counts = {
            "sessions": sessions.count(),
            "messages": messages.count(),
            "files": len(kept),
            "log entries": _forget_log(messages, names, sessions),
            "lines of lists": _forget_lists(names),
        }
        for rows in (PlatformEvent.objects.filter(session__in=sessions), _drafts(sessions)):
            rows.delete()
        while batch := list(messages.values_list("pk", flat=True)[:BATCH]):
            Message.objects.filter(pk__in=batch).delete()
        for session in sessions.open():
            session.close()
            nudge(audiences(session), session)
        sessions.update(last_text="", unread=0)
        own = Q(pk=card.pk) if card else Q(pk__in=[])
        cards = list(Card.objects.filter(own | Q(addresses__in=held)).distinct())
        counts["cards"] = len(cards)
        counts["changes"] = CardEvent.objects.filter(card__in=cards).delete()[0]
        ImportRow.objects.filter(Q(card__in=cards) | Q(key__in=names)).delete()
        for each in held:
            Customer.objects.filter(pk=each.pk).update(
                network="erased", address=f"erased-{each.pk}", name="", kind="", card=None
            )
        Card.objects.filter(pk__in=[each.pk for each in cards]).delete()
        counts["addresses"] = len(held)
        transaction.on_commit(lambda: files.drop(kept))
        return Erasure.objects.create(by=str(by), counts=counts)


def _check_still(messages: Any, names: Sequence[str]) -> None:
    waiting = messages.filter(status=Message.QUEUED)
    waiting.update(due_at=None)  # nobody takes it from now on
    if messages.filter(status=Message.SENDING).exists():
        raise Refused(_("A message to this customer is being sent. Try again in a minute."))
    listed = Recipient.objects.filter(address__in=names, state=Recipient.WAITING)
    if listed.exists():
        raise Refused(_("A campaign is about to write to this customer. Stop it first."))


def _drafts(sessions: Any) -> Any:
    return Draft.objects.filter(session__in=sessions)


def _forget_log(messages: Any, names: Sequence[str], sessions: Any) -> int:
    """Delete what the log of exchanges holds of these messages and addresses."""
    gone = Exchange.objects.filter(message__in=messages).delete()[0]
    channels = list(sessions.order_by().values_list("channel", flat=True).distinct())
    for name in names:
        plain = name.lstrip("+")
        if len(plain) >= LONG_ENOUGH:
            found = Exchange.objects.filter(channel__in=channels, calls__contains=plain)
            gone += found.delete()[0]
    return gone


def _forget_lists(names: Sequence[str]) -> int:
    found = list(Recipient.objects.filter(address__in=names).values_list("pk", flat=True))
    for pk in found:
        Recipient.objects.filter(pk=pk).update(address=f"erased-{pk}", given="", values={})
    return len(found)
