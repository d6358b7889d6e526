"""A message that another system asks us to send: no agent wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels_app.models import Number

from .. import files
from ..models import Attachment, Customer, Door, Errand, Message, Rule, Session
from .refusing import Refused
from .starting import address_of, check_may_begin
from .telling import say
from .writing import check_window, enqueue, ready


def send(
    door: Door | None,
    number: Number,
    recipient: str,
    text: str,
    *,
    upload: Sequence[File] = (),
    client_key: str = "",
    report_url: str = "",
    lane: int = Message.PERSON,
    by: str = "",
) -> Message:
    """Queue a message from one of the door's numbers; returns it, of several the last.

    It joins the customer's open session, or opens one that the number's rule gives to whoever would
    get the customer's answer. The same ``client_key`` of the same door returns the first message
    and sends nothing. Without a door it is ``by`` somebody else, who gives no key and gets no
    reports. Raises Refused.
    """
    if door and client_key and (first := by_key(door, client_key)):
        return first
    address = address_of(number.channel.provider_class, recipient)
    check_may_begin(number, address)
    with ready(number.channel, text, upload) as kept:
        if door is None:
            return _queue(by, number, address, text.strip(), kept, "", lane)
        return _send(door, number, address, text.strip(), kept, client_key, report_url, lane)


def _send(
    door: Door,
    number: Number,
    address: str,
    text: str,
    kept: Sequence[Attachment],
    client_key: str,
    report_url: str,
    lane: int,
) -> Message:
    try:
        with transaction.atomic():
            key = key_of(door, client_key) if client_key else ""
            message = _queue(str(door), number, address, text, kept, key, lane)
            Errand.objects.create(door=door, message=message, report_url=report_url)
            return message
    except IntegrityError:
        if client_key and (first := by_key(door, client_key)):
            files.drop(kept)
            return first
        raise


@transaction.atomic
def _queue(
    by: str,
    number: Number,
    address: str,
    text: str,
    kept: Sequence[Attachment],
    key: str,
    lane: int,
) -> Message:
    network = number.channel.provider_class.network
    customer, _ = Customer.objects.get_or_create(network=network, address=address)
    session = _session(by, number, customer)
    check_window(session)
    return enqueue(session, text, kept, key, {"lane": lane})


def by_key(door: Door, client_key: str) -> Message | None:
    """The message that this door already sent under this key."""
    named = Message.objects.exclude(client_key="")  # said again, so that SQLite takes the index
    return named.filter(client_key=key_of(door, client_key), errand__door=door).first()


def key_of(door: Door, client_key: str) -> str:
    """Under which name the message of a door's own key is kept."""
    digest = hashlib.sha256(client_key.encode()).hexdigest()[:40]  # it may be of any length
    return f"door:{door.pk}:{digest}"


def _session(by: str, number: Number, customer: Customer) -> Session:
    """The customer's open session, held until the transaction ends so that nobody closes it."""
    while True:
        found = _open(by, number, customer)
        now = Session.objects.select_for_update(of=("self",)).filter(pk=found.pk, closed_at=None)
        if session := now.select_related("channel", "number", "customer").first():
            return session


def _open(by: str, number: Number, customer: Customer) -> Session:
    rule = Rule.objects.filter(number=number).first()
    if rule is None:
        said = _("%(number)s has no rule that says who gets the answers.")
        raise Refused(said % {"number": number})
    owner = {
        "holder_id": rule.extension_id,
        "queue_id": rule.queue_id,
        "platform_id": rule.platform_id,
    }
    session, made = Session.objects.get_or_create(
        number=number,
        customer=customer,
        closed_at=None,
        defaults={"channel": number.channel, **owner, "last_inbound": False, "last_text": ""},
    )
    if made or session.adopt(**owner):
        say(session, "started", f"{by} started the session")
    return session
