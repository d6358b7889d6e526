"""The feed: every change once, in order, without gaps, whatever runs at the same time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from providers.base import Report
from routing import delivery, desk, forwarding, upkeep
from routing.desk import many
from routing.forwarding import feeding
from routing.models import Change, Feed, Message, Session

from ..factories import MessageFactory, SessionFactory
from ..scene import Scene, build
from .conftest import Api, token


def kinds(api: Api, since: str) -> tuple[list[str], str]:
    found = api.get("events", since=since)
    return [each["type"] for each in found["results"]], found["cursor"]


def test_everything_that_happens_to_a_session_is_told(scene: Scene, agent: Api) -> None:
    cursor = agent.get("events", since="now")["cursor"]
    session = scene.customer_writes("Hello")
    found, cursor = kinds(agent, cursor)
    assert found == ["session.opened", "message.received"]
    scene.customer_writes("Again")  # an open session is only touched
    desk.pick_up(scene.first, session)
    message = desk.write(scene.first, session, "Hi")
    Message.objects.filter(pk=message.pk).update(status="sending")
    Message.objects.filter(pk=message.pk).update(status="sent")
    desk.note(scene.first, session, "A note")
    assert kinds(agent, cursor)[0] == [
        "message.received",
        "session.assigned",
        "message.queued",
        "message.sent",
        "note.added",
    ]
    found, cursor = kinds(agent, agent.get("events", since="now")["cursor"])
    gone = desk.write(scene.first, session, "Oops")
    desk.undo(scene.first, gone)
    desk.close(scene.first, session)
    many.reopen_many(scene.first, many.close_many(scene.first, [session.pk]))
    Session.objects.filter(pk=session.pk).update(closed_at=None)
    found = agent.get("events", since=cursor)["results"]
    assert [each["type"] for each in found] == [
        "message.queued",
        "message.deleted",
        "session.closed",
        "session.reopened",
    ]
    assert found[1]["message"] is None and found[1]["message_id"] == gone.pk
    opened = agent.get("events")["results"][0]
    assert opened["assigned"] == {
        "holder": None,
        "queue": {"id": scene.queue.pk, "name": "Support"},
        "platform": None,
    }
    assert opened["session"]["customer"]["address"] == session.customer.address


def test_nobody_reads_what_is_not_theirs(scene: Scene, agent: Api, shop: Api) -> None:
    shop.get("events", since="now")
    foreign = SessionFactory(holder=scene.second)
    MessageFactory(session=foreign)
    mine = scene.customer_writes()
    seen = agent.get("events")
    assert {each["session_id"] for each in seen["results"]} == {mine.pk}
    assert len(shop.get("events")["results"]) == 4
    assert seen["cursor"] == shop.get("events")["cursor"]


def test_pages_go_on_where_the_last_one_ended(scene: Scene, shop: Api) -> None:
    cursor = shop.get("events", since="now")["cursor"]
    for n in range(7):
        scene.customer_writes(str(n))
    found, more = [], True
    while more:
        page = shop.get("events", since=cursor, limit=3, type="message.received")
        found += [each["message"]["text"] for each in page["results"]]
        cursor, more = page["cursor"], page["more"]
    assert found == [str(n) for n in range(7)]
    assert shop.get("events", 400, since="99999")["code"] == "bad_cursor"
    assert shop.get("events", 400, since="x", type="y", wait=99)["errors"]


def test_who_was_away_too_long_is_told_so(scene: Scene, shop: Api) -> None:
    cursor = shop.get("events", since="now")["cursor"]
    scene.customer_writes()
    assert forwarding.number() == 2
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        upkeep.clean_rest()
    assert not Change.objects.exists()
    assert shop.get("events", 410, since=cursor)["code"] == "too_old"
    assert shop.get("events")["results"] == []


def test_until_somebody_asks_nothing_is_written(scene: Scene) -> None:
    scene.customer_writes()
    assert not Change.objects.exists() and forwarding.number() == 0


def test_the_feed_costs_the_same_however_long_it_is(
    scene: Scene, agent: Api, django_assert_max_num_queries
) -> None:
    agent.get("events", since="now")
    for n in range(3):
        SessionFactory(number=scene.number, queue=scene.queue, holder=None)
        scene.customer_writes(str(n))
    forwarding.number_all()
    with django_assert_max_num_queries(12):
        assert len(agent.get("events")["results"]) == 7


@pytest.mark.django_db(transaction=True)
def test_who_waits_hears_at_once(inline: None) -> None:
    scene = build()
    api = Api(token(scene.first), scene)
    cursor = api.get("events", since="now")["cursor"]

    def write() -> None:
        try:
            scene.customer_writes("Hello")
        finally:
            connection.close()

    later = threading.Timer(0.3, write)
    later.start()
    found = api.get("events", since=cursor, wait=20)["results"]
    later.join()
    assert found[0]["type"] == "session.opened"


@pytest.mark.django_db(transaction=True)
def test_a_slow_transaction_is_not_passed_over() -> None:
    """Its key is lower than that of a quick one, which is read first."""
    Feed.begin()
    session = SessionFactory()
    forwarding.number_all()
    position = feeding.last_position()
    if connection.vendor == "sqlite":
        return  # one writer at a time: there is no other order
    entered, go = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                MessageFactory(session=session, text="slow")
                entered.set()
                assert go.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert entered.wait(20)
    MessageFactory(session=session, text="quick")
    forwarding.number_all()
    (first,) = feeding.after(position, 10)
    go.set()
    thread.join()
    forwarding.number_all()
    (second,) = feeding.after(first.position, 10)
    assert second.pk < first.pk and second.position == first.position + 1


@pytest.mark.django_db(transaction=True)
def test_readers_and_writers_at_once_lose_and_double_nothing() -> None:
    Feed.begin()
    sessions = [SessionFactory() for _ in range(4)]
    forwarding.number_all()
    begin = feeding.last_position()
    ended = threading.Event()
    read: list[list[Change]] = [[], []]

    def write(session: Session) -> None:
        try:
            for _ in range(15):
                with transaction.atomic():
                    MessageFactory(session=session)
        finally:
            connection.close()

    def follow(mine: list[Change]) -> None:
        try:
            position = begin
            while True:
                last = ended.is_set()
                forwarding.number_all()
                found = feeding.after(position, 7)
                mine += found
                position = found[-1].position if found else position
                if last and not found:
                    return
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=[each]) for each in sessions]
    readers = [threading.Thread(target=follow, args=[each]) for each in read]
    for each in (*readers, *writers):
        each.start()
    for each in writers:
        each.join()
    ended.set()
    for each in readers:
        each.join()
    for mine in read:
        assert [each.position for each in mine] == list(range(begin + 1, begin + 61))
        for session in sessions:
            keys = [each.message_id for each in mine if each.session_id == session.pk]
            assert keys == sorted(keys) and len(keys) == 15


def test_reports_and_sendings_by_plain_sql_are_told(scene: Scene, agent: Api) -> None:
    session = scene.customer_writes()
    desk.pick_up(scene.first, session)
    message = desk.write(scene.first, session, "Hi")
    Message.objects.filter(pk=message.pk).update(status="sent", provider_id="p1")
    agent.get("events", since="now")
    assert delivery.record(scene.channel, [Report(Message.DELIVERED, provider_id="p1")]) == 1
    assert [each["type"] for each in agent.get("events")["results"]] == ["message.delivered"]
