"""What time does: sessions close by themselves, providers are asked, logs end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils import timezone

from channels_app.models import Channel
from providers import base
from routing import desk, outbox, upkeep
from routing.models import Exchange, Message, Session

from . import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def test_an_idle_session_closes_with_a_system_line() -> None:
    house = scene.build(close_after_days=3)
    old = house.customer_writes(id="1")
    Session.objects.update(last_at=timezone.now() - timedelta(days=3, minutes=1))
    young = house.customer_writes(id="2", **{"from": "+41790000001"})
    assert upkeep.close_idle() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert old.closed_at and not young.closed_at
    assert old.messages.last().text == "Closed after 3 days without a message"
    assert upkeep.close_idle() == 0


def test_without_a_time_out_sessions_stay_open() -> None:
    house = scene.build()
    house.customer_writes()
    assert upkeep.close_idle(timezone.now() + timedelta(days=1000)) == 0


def test_closing_costs_by_what_closes_not_by_what_exists(django_assert_max_num_queries) -> None:
    house = scene.build(close_after_days=1)
    for n in range(30):
        house.customer_writes(id=str(n), **{"from": f"+417900000{n:02}"})
    with django_assert_max_num_queries(4):
        assert upkeep.close_idle() == 0
    Session.objects.update(last_at=timezone.now() - timedelta(days=2))
    with django_assert_max_num_queries(10):
        assert upkeep.close_idle() == 30


def test_of_a_message_with_several_ids_those_without_an_end_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = scene.build(provider="aspsms", credentials={"user_key": "KEY", "password": "PASSWORD"})
    session = Session.objects.create(
        channel=house.channel,
        number=house.number,
        queue=house.queue,
        customer=scene.a_customer(),
    )
    message = desk.write(house.first, session, "Hello")
    outbox.claim({house.channel.pk: 1})
    earlier = timezone.now() - timedelta(minutes=5)
    message.advance(Message.SENT, sending_at=earlier, provider_id="p1")
    for name, status in (("p1", Message.DELIVERED), ("p2", Message.SENT), ("p3", Message.SENT)):
        message.parts.create(channel=house.channel, provider_id=name, status=status)
    asked: list[str] = []

    def answer(self: Any, waiting: tuple[str, ...]) -> Any:
        asked.extend(waiting)
        return [base.Report(base.DELIVERED, name) for name in waiting]
        yield

    monkeypatch.setattr(house.channel.provider_class, "poll", answer)
    assert upkeep.poll_all() == 2
    assert sorted(asked) == ["p2", "p3"]
    message.refresh_from_db()
    assert message.status == Message.DELIVERED


def test_a_provider_is_polled_for_reports_that_did_not_come() -> None:
    house = scene.build(provider="aspsms", credentials={"user_key": "KEY", "password": "PASSWORD"})
    session = Session.objects.create(
        channel=house.channel,
        number=house.number,
        queue=house.queue,
        customer=scene.a_customer(),
    )
    message = desk.write(house.first, session, "Hello")
    outbox.claim({house.channel.pk: 1})
    message.advance(Message.UNKNOWN, sending_at=timezone.now() - timedelta(minutes=5))
    with responses.RequestsMock() as net:
        net.post(
            "https://json.aspsms.com/InquireDeliveryNotifications",
            json={
                "StatusCode": "1",
                "StatusInfo": "OK",
                "DeliveryNotifications": [
                    {
                        "TransactionReferenceNumber": message.reference,
                        "DeliveryStatus": "0",
                        "DeliveryStatusDescription": "Delivered",
                        "SubmissionDate": "2026-01-21T13:46:28Z",
                        "NotificationDate": "2026-01-21T13:46:34Z",
                        "Reasoncode": "000",
                        "ReasoncodeDescription": "",
                    }
                ],
            },
        )
        assert upkeep.poll_all() == 1
    message.refresh_from_db()
    assert message.status == "delivered"
    log = Exchange.objects.get(kind=Exchange.POLL)
    assert "PASSWORD" not in log.calls


def test_old_log_entries_end() -> None:
    house = scene.build()
    house.customer_writes()
    assert upkeep.clean_logs() == 0
    assert upkeep.clean_logs(timezone.now() + timedelta(days=31)) == 1
    assert Message.objects.exists()
    assert Channel.objects.exists()
