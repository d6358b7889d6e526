"""Outcomes that come after their message was already taken for lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import delivery, desk, outbox
from routing.models import HourCount

from . import scene


@pytest.mark.django_db
@pytest.mark.usefixtures("inline")
def test_a_message_that_was_taken_for_lost_is_counted_once() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    message = desk.write(house.first, session, "Good morning")
    (claimed,) = outbox.claim({house.channel.pk: 5})
    assert outbox.reap(timezone.now() + timedelta(minutes=3)) == 1
    claimed.outcome.began_at -= timedelta(minutes=3)
    claimed.outcome.status = "sent"
    delivery.settle([claimed.outcome], {house.channel.pk: house.channel})
    message.refresh_from_db()
    assert message.status == "sent"
    assert sum(HourCount.objects.values_list("sent", flat=True)) == 1
