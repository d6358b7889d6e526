"""Events go in order, one at a time, and no platform delays another."""

from __future__ import annotations

import threading
import time

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from providers.errors import Unavailable
from routing import forwarding
from routing.models import PlatformEvent

from ..factories import PlatformFactory, SessionFactory
from ..stories.vendor import Request, Response, Vendor
from .examples import event, message, texts

pytestmark = pytest.mark.django_db


def test_events_of_a_platform_go_in_order(platform, vendor):
    sessions = [SessionFactory(platform=platform) for _ in range(3)]
    for number in range(12):
        event(platform, sessions[number % 3], text=str(number))
    assert forwarding.deliver_due() == 12
    assert texts(vendor) == [str(number) for number in range(12)]


def test_a_call_makes_so_many_attempts_and_no_more(platform, vendor):
    for _ in range(5):
        event(platform)
    assert [forwarding.deliver_due(2) for _ in range(4)] == [2, 2, 1, 0]


def test_only_the_next_in_order_can_be_delivered(platform, vendor):
    session = SessionFactory(platform=platform)
    first, second = (event(platform, session) for _ in range(2))
    assert not forwarding.deliver(second.pk)
    assert forwarding.deliver(first.pk)
    assert forwarding.deliver(second.pk)


def test_a_failing_event_holds_the_platform_for_a_short_time_only(platform, vendor):
    def answer(request: Request) -> Response:
        return Response(status=500 if message(request)["msg_body"] == "bad" else 200)

    vendor.answer = answer
    sick = SessionFactory(platform=platform)
    event(platform, sick, text="bad")
    event(platform, sick, text="after bad")
    event(platform, text="other")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert forwarding.deliver_due() == 0
        clock.shift(1)
        assert forwarding.deliver_due() == 0  # the first is still patient
        for _ in range(6):
            clock.shift(120)
            forwarding.deliver_due()
        assert "other" in texts(vendor)
        assert "after bad" not in texts(vendor)  # of one session, never
        vendor.answer = lambda request: Response()
        clock.shift(7200)
        assert forwarding.deliver_due() == 2
    assert texts(vendor)[-2:] == ["bad", "after bad"]


def test_after_a_final_refusal_the_next_one_goes(platform, vendor):
    session = SessionFactory(platform=platform)
    event(platform, session, text="bad")
    event(platform, session, text="good")
    vendor.answer = lambda request: Response(
        status=400 if message(request)["msg_body"] == "bad" else 200
    )
    assert forwarding.deliver_due() == 1
    assert texts(vendor) == ["bad", "good"]


def test_a_slow_platform_does_not_delay_another(platform, vendor):
    with Vendor() as quick:
        all_of_the_others = threading.Event()

        def answer_slowly(request: Request) -> Response:
            return Response(status=200 if all_of_the_others.wait(8) else 500)

        def answer(request: Request) -> Response:
            if len(quick.requests) == 20:
                all_of_the_others.set()
            return Response()

        vendor.answer, quick.answer = answer_slowly, answer
        other = PlatformFactory(url=f"{quick.url}/x")
        for _ in range(2):
            event(platform)
        for number in range(20):
            event(other, text=str(number))
        assert forwarding.deliver_due() == 22
        assert texts(quick) == [str(number) for number in range(20)]


def test_no_attempt_begins_after_the_time_is_over(platform, vendor):
    vendor.answer = lambda request: Response(delay=1.1)
    for _ in range(3):
        event(platform)
    assert forwarding.deliver_due(seconds=1.0) == 1


def test_a_worker_that_died_is_followed_by_another(platform, vendor):
    found = event(platform)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert forwarding.order.claim(found.pk) is not None  # and dies
        event(platform)
        assert forwarding.due() == []
        assert forwarding.deliver_due() == 0
        clock.shift(forwarding.order.LEASE)
        assert forwarding.deliver_due() == 2


def test_a_late_worker_does_not_overwrite_what_its_follower_wrote(platform, vendor):
    found = event(platform)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        slow = forwarding.order.claim(found.pk)
        clock.shift(forwarding.order.LEASE)
        assert forwarding.deliver(found.pk)
        assert not forwarding.delivering._settle(slow, Unavailable("too late"))
    found.refresh_from_db()
    assert found.done_at and found.reason == ""


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_deliver_the_same_attempt(platform, vendor):
    """Nor two events of the platform at once."""
    busy = threading.Semaphore(1)
    together = []

    def answer(request: Request) -> Response:
        if not busy.acquire(blocking=False):
            together.append(request)
            return Response()
        time.sleep(0.01)
        busy.release()
        return Response()

    vendor.answer = answer
    for number in range(30):
        event(platform, text=str(number))

    def work() -> None:
        try:
            for _ in range(40):
                forwarding.deliver_due()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert texts(vendor) == [str(number) for number in range(30)]
    assert together == []
    assert PlatformEvent.objects.exclude(done_at=None).count() == 30
    assert set(PlatformEvent.objects.values_list("attempts", flat=True)) == {1}
