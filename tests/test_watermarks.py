"""Networks that only tell how far a customer has read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from providers import base
from routing import delivery, desk, outbox
from routing.models import Message, Report

from . import chat, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def sent(house: scene.Scene, customer: str, text: str, at: datetime) -> Message:
    """A message that left at this time, and arrived at the provider."""
    message = desk.write(house.first, house.customer_writes(text, **{"from": customer}), text)
    (claimed,) = outbox.claim({house.channel.pk: 1})
    delivery.settle([claimed.outcome], {house.channel.pk: house.channel})
    Message.objects.filter(pk=message.pk).update(sending_at=at)
    return message


def states(house: scene.Scene) -> list[str]:
    return list(Message.objects.filter(direction=Message.OUT).values_list("status", flat=True))


def test_all_that_was_sent_to_the_customer_until_then_is_read(monkeypatch: Any) -> None:
    house, now = scene.build(), timezone.now()
    chat.dress_up(monkeypatch)
    for customer, text, minutes in (
        ("ida", "1", 9),
        ("ida", "2", 5),
        ("leo", "3", 9),
        ("ida", "4", 1),
    ):
        sent(house, customer, text, now - timedelta(minutes=minutes))
    read = base.Report(base.READ, customer="ida", up_to=now - timedelta(minutes=5))
    assert delivery.record(house.channel, [read]) == 2
    assert states(house) == ["read", "read", "sent", "sent"]
    assert delivery.record(house.channel, [read]) == 0
    assert Report.objects.count() == 2
    late = base.Report(base.DELIVERED, customer="ida", up_to=now)
    assert delivery.record(house.channel, [late]) == 1
    assert states(house) == ["read", "read", "sent", "delivered"]


def test_a_watermark_touches_neither_other_channels_nor_what_failed(monkeypatch: Any) -> None:
    house, now = scene.build(), timezone.now()
    chat.dress_up(monkeypatch)
    message = sent(house, "ida", "1", now)
    Message.objects.update(status=Message.FAILED)
    read = base.Report(base.READ, customer="ida", up_to=now + timedelta(hours=1))
    assert delivery.record(house.channel, [read]) == 0
    message.refresh_from_db()
    assert message.status == Message.FAILED
    Message.objects.filter(pk=message.pk).update(status=Message.SENT)
    house.channel.pk, house.channel.name, house.channel.webhook_token = None, "Other", "f" * 32
    house.channel.save()
    assert delivery.record(house.channel, [read]) == 0
