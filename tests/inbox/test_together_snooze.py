"""Snoozed sessions: out of the way until their time, or until the customer writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from routing import upkeep
from routing.models import Message, Session

from .. import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def asleep(session: Session, until: Any = None) -> None:
    until = until or timezone.now() + timedelta(hours=1)
    Session.objects.filter(pk=session.pk).update(snoozed_until=until)


def test_a_customers_message_wakes_at_once_and_says_so_once() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    asleep(session, Session.UNTIL_REPLY)
    for again in ("2", "3"):
        house.customer_writes(f"Again {again}", id=again)
    session.refresh_from_db()
    assert session.snoozed_until is None and session.woken == Session.BACK
    said = [m.text for m in session.messages.filter(direction=Message.SYSTEM)]
    assert said == ["Back: the customer replied"]


def test_time_wakes_what_is_due_and_nothing_else() -> None:
    house = scene.build()
    due, later, never = (
        house.customer_writes(id=str(n), **{"from": f"+4179000000{n}"}) for n in range(3)
    )
    now = timezone.now()
    asleep(due, now - timedelta(seconds=1))
    asleep(later, now + timedelta(minutes=5))
    asleep(never, Session.UNTIL_REPLY)
    assert upkeep.wake_snoozed(now) == 1
    assert upkeep.wake_snoozed(now) == 0
    due.refresh_from_db()
    assert (due.snoozed_until, due.woken, due.last_at) == (None, Session.BACK, now)
    assert due.messages.last().text == "Back: the time is up"
    assert Session.objects.awake().get() == due


def test_waking_costs_by_what_wakes(django_assert_max_num_queries: Any) -> None:
    house = scene.build()
    now = timezone.now()
    for n in range(20):
        asleep(house.customer_writes(id=str(n), **{"from": f"+417900000{n:02}"}))
    with django_assert_max_num_queries(3):
        assert upkeep.wake_snoozed(now) == 0
    Session.objects.update(snoozed_until=now)
    with django_assert_max_num_queries(9):
        assert upkeep.wake_snoozed(now) == 20


def test_what_sleeps_until_a_day_does_not_close_by_itself_before_it() -> None:
    house = scene.build(close_after_days=3)
    dated = house.customer_writes(id="1")
    waiting = house.customer_writes(id="2", **{"from": "+41790000001"})
    asleep(dated)
    asleep(waiting, Session.UNTIL_REPLY)
    Session.objects.update(last_at=timezone.now() - timedelta(days=4))
    assert upkeep.close_idle() == 1
    assert Session.objects.open().get() == dated
