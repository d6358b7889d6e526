"""A door's reports go to many addresses: each is a line of its own, and none holds up another."""

from __future__ import annotations

import pytest
from django.utils import timezone

from routing import forwarding
from routing.forwarding import delivering
from routing.models import Door, Platform, PlatformEvent

from ..factories import MessageFactory, NumberFactory, SessionFactory
from ..stories.vendor import Response

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(vendor) -> Platform:
    made = Door.objects.create(
        name="Scripts", kind=Door.OZEKI, extension="1", sender=NumberFactory()
    )
    found = made.point(f"{vendor.url}/incoming")
    made.save()
    return found


def report(receiver: Platform, url: str, session=None, status: str = "sent") -> PlatformEvent:
    message = MessageFactory(session=session or SessionFactory(), answer=True)
    return PlatformEvent.objects.create(
        platform=receiver,
        session=message.session,
        message=message,
        url=url,
        content={"status": status},
    )


def paths(vendor) -> list[str]:
    return [each.path for each in vendor.requests]


def test_an_address_that_fails_waits_alone(receiver, vendor) -> None:
    vendor.answer = lambda request: Response(status=500 if request.path == "/bad" else 200)
    session = SessionFactory()
    bad = [report(receiver, f"{vendor.url}/bad", session) for _ in range(3)]
    report(receiver, f"{vendor.url}/good", session)
    incoming = MessageFactory(session=session)
    PlatformEvent.objects.create(platform=receiver, session=session, message=incoming)
    assert forwarding.deliver_due() == 2
    assert sorted(paths(vendor)) == ["/bad", "/good", "/incoming"]
    vendor.answer = lambda request: Response()
    PlatformEvent.objects.update(due_at=timezone.now())
    assert forwarding.deliver_due() == 3  # in their order, once it is back
    done = PlatformEvent.objects.filter(url__endswith="/bad").order_by("done_at")
    assert [each.pk for each in done] == [each.pk for each in bad]


def test_many_slow_addresses_take_no_thread_from_a_platform(receiver, platform, vendor) -> None:
    vendor.answer = lambda request: Response(delay=0.5 if "slow" in request.path else 0)
    for n in range(20):
        report(receiver, f"{vendor.url}/slow{n}")
    event = PlatformEvent.objects.create(
        platform=platform, session=SessionFactory(platform=platform)
    )
    assert forwarding.deliver_due() == 21
    event.refresh_from_db()
    assert event.done_at
    assert paths(vendor).index("/events") <= delivering.ONE_RECEIVER  # it waited for none of them


def test_the_words_of_a_notification(receiver, vendor) -> None:
    found = report(receiver, f"{vendor.url}/report?id=1", status="delivered")
    assert forwarding.deliver(found.pk)
    (request,) = vendor.requests
    form = request.form()
    assert (request.path, request.query) == ("/report", {"id": "1"})
    assert (form["NotificationName"], form["Status"]) == ("SMSDeliveryReport", "Delivered")
    assert form["Recipient"] == found.message.recipient


def test_reports_to_private_addresses_are_refused(receiver, vendor, settings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = report(receiver, f"{vendor.url}/report")
    assert not forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert "private address" in found.reason and vendor.requests == []
