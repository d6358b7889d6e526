"""A test message: an administrator sees whether a channel really sends."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from channels_app.models import Number

from ..models import Customer, Message, Session
from .limits import check
from .starting import address_of
from .telling import say
from .writing import check_window, enqueue


def send_test(number: Number, recipient: str, by: str) -> Message:
    """Queue a message to one's own number, through the outbox like any other; returns it.

    It has a closed session of its own, so that it comes into no agent's way, and an answer to it
    goes where the number's rule says. Raises Refused.
    """
    channel, now = number.channel, timezone.now()
    provider = channel.provider_class
    address = address_of(provider, recipient)
    text = f"This is a test message of {channel.name}."
    check(channel.adapter, text, ())
    with transaction.atomic():
        customer, _ = Customer.objects.get_or_create(network=provider.network, address=address)
        wrote = Session.objects.filter(number=number, customer=customer, inbound_at__isnull=False)
        session = Session(
            channel=channel,
            number=number,
            customer=customer,
            closed_at=now,
            last_inbound=False,
            inbound_at=wrote.order_by("-inbound_at").values_list("inbound_at", flat=True).first(),
        )
        check_window(session)
        session.save()
        say(session, "tested", f"{by} tested the channel")
        return enqueue(session, text, (), "", {"author": None, "lane": Message.PERSON})
