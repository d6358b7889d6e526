"""The moment before a message leaves: its window, its recipient's turn, its template, its files."""

from __future__ import annotations

import asyncio
import itertools
import queue
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from redis.exceptions import ConnectionError as NoRedis

from channels_app.throttle import Throttle
from providers.base import MediaRules
from routing import delivery, desk, outbox
from routing.models import Message, Session
from routing.outbox import gate
from routing.outbox.pump import Pump

from . import chat, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def sort(house: scene.Scene, claimed: list[Any]) -> tuple[list[Any], list[Any]]:
    """What the gate says: its loop runs in a thread, the database is this one's."""
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def read(function: Any, *args: Any) -> Any:
        answer: Future[Any] = Future()
        asked.put((answer, function, args))
        return await asyncio.wrap_future(answer)

    async def run() -> Any:
        async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
            channel = house.channel
            return await gate.sort(Throttle(client), read, channel, channel.adapter, claimed)

    with ThreadPoolExecutor(1) as pool:
        sorting = pool.submit(asyncio.run, run())
        sorting.add_done_callback(lambda _: asked.put(None))
        while (question := asked.get()) is not None:
            answer, function, args = question
            answer.set_result(function(*args))
        return sorting.result()


def claim(house: scene.Scene) -> list[Any]:
    return outbox.claim({house.channel.pk: 50})


def test_a_text_whose_window_closed_while_it_waited_fails_with_the_reason(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    session = house.customer_writes()
    template = chat.template(house.channel, body="Hello", variables=[])
    text = desk.write(house.first, session, "Hello")
    desk.write(house.first, session, template=template)
    Session.objects.update(inbound_at=timezone.now() - timedelta(hours=25))
    passed, stopped = sort(house, claim(house))
    assert [each.template.template.name for each in passed] == ["appointment"]
    assert [outcome.message for outcome in stopped] == [text.pk]
    delivery.settle(stopped, {house.channel.pk: house.channel})
    text.refresh_from_db()
    assert text.status == Message.FAILED
    assert text.reason.endswith("these are over. Send a template.")


def test_the_window_of_many_is_looked_up_at_once(
    monkeypatch: Any, django_assert_num_queries: Any
) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    for n in range(5):
        desk.write(house.first, house.customer_writes(id=str(n), **{"from": f"u{n}"}), "Hello")
    claimed = claim(house)
    with django_assert_num_queries(1):
        passed, stopped = sort(house, claimed)
    assert (len(passed), stopped) == (5, [])


def test_a_channel_without_such_rules_pays_nothing(django_assert_num_queries: Any) -> None:
    house = scene.build()
    desk.write(house.first, house.customer_writes(), "Hello")
    claimed = claim(house)
    with django_assert_num_queries(0):
        assert sort(house, claimed) == (claimed, [])


def test_a_template_that_is_gone_fails(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    template = chat.template(house.channel)
    session = house.customer_writes()
    desk.write(house.first, session, template=template, values=["Ida", "Monday"])
    claimed = claim(house)
    passed, _ = sort(house, claimed)
    assert passed[0].template.values == ("Ida", "Monday")
    template.delete()
    (outcome,) = sort(house, claimed)[1]
    assert (outcome.status, outcome.reason) == (
        Message.FAILED,
        "The provider has this template no longer.",
    )


def test_messages_to_one_recipient_go_one_after_the_other_and_delay_nobody(
    monkeypatch: Any,
) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch, recipient_interval=0.4)
    ida = house.customer_writes(id="1", **{"from": "ida"})
    leo = house.customer_writes(id="2", **{"from": "leo"})
    for session, text in ((ida, "a1"), (ida, "a2"), (ida, "a3"), (leo, "b1")):
        desk.write(house.first, session, text)
    passed, stopped = sort(house, claim(house))
    assert [each.text for each in passed] == ["a1", "b1"]
    assert [outcome.counts for outcome in stopped] == [False, False]
    delivery.settle(stopped, {house.channel.pk: house.channel})
    waiting = Message.objects.filter(status=Message.QUEUED).order_by("pk")
    assert [(m.text, m.attempts) for m in waiting] == [("a2", 0), ("a3", 0)]
    assert waiting[0].due_at < waiting[1].due_at
    assert "one recipient" in waiting[0].reason
    # One that comes later does not go before those that wait, though it is due at once.
    time.sleep(0.45)
    Message.objects.filter(text__in=["a2", "a3"]).update(due_at=timezone.now() + timedelta(1))
    desk.write(house.first, ida, "a4")
    passed, stopped = sort(house, claim(house))
    assert passed == []
    delivery.settle(stopped, {house.channel.pk: house.channel})
    Message.objects.update(due_at=timezone.now())
    passed, stopped = sort(house, claim(house))
    assert [each.text for each in passed] == ["a2"]
    delivery.settle(stopped, {house.channel.pk: house.channel})
    # One that left the outbox by another door holds nobody up.
    Message.objects.filter(text="a3").update(status=Message.FAILED, due_at=timezone.now())
    Message.objects.update(due_at=timezone.now())
    time.sleep(0.45)
    assert [each.text for each in sort(house, claim(house))[0]] == ["a4"]


def test_a_burst_may_go_at_once(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch, recipient_interval=60, recipient_burst=3)
    session = house.customer_writes()
    for n in range(5):
        desk.write(house.first, session, str(n))
    passed, stopped = sort(house, claim(house))
    assert [each.text for each in passed] == ["0", "1", "2"]
    assert 55 < (stopped[0].after or 0) <= 60


def test_without_the_rate_limiter_nothing_is_lost(monkeypatch: Any) -> None:
    async def broken(*args: Any) -> None:
        raise NoRedis

    house = scene.build()
    chat.dress_up(monkeypatch, recipient_interval=1)
    monkeypatch.setattr(Throttle, "turns", broken)
    message = desk.write(house.first, house.customer_writes(), "Hello")
    passed, stopped = sort(house, claim(house))
    assert passed == []
    delivery.settle(stopped, {house.channel.pk: house.channel})
    message.refresh_from_db()
    assert (message.status, message.attempts) == (Message.QUEUED, 0)


def test_files_travel_as_bytes_where_the_adapter_wants_them(
    monkeypatch: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    house = scene.build()
    rules = MediaRules(1000, inline=True)
    chat.dress_up(monkeypatch, media=rules)
    upload = [SimpleUploadedFile("a.txt", b"hello", "text/plain")]
    message = desk.write(house.first, house.customer_writes(), "", upload=upload)
    kept = gate.kept_files(message.pk)
    (media,) = gate.with_bytes(kept, house.channel.adapter)
    assert (media.content, media.name, media.size) == (b"hello", "a.txt", 5)
    assert media.url.startswith("http")
    monkeypatch.setattr(house.channel.provider_class, "media", MediaRules(3, inline=True))
    with pytest.raises(OSError, match=r"a\.txt is larger"):
        gate.with_bytes(kept, house.channel.adapter)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_pump_hands_over_templates_and_bytes_and_keeps_the_pace(
    monkeypatch: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    left: list[tuple[float, Any]] = []

    def send(self: Any, message: Any) -> Any:
        left.append((time.monotonic(), message))
        return f"id{len(left)}"
        yield

    house = scene.build()
    rules = MediaRules(1000, inline=True)
    chat.dress_up(monkeypatch, send=send, media=rules, recipient_interval=0.3)
    template = chat.template(house.channel)
    session = house.customer_writes()
    upload = [SimpleUploadedFile("a.txt", b"hello", "text/plain")]
    desk.write(house.first, session, "1", upload=upload)
    desk.write(house.first, session, template=template, values=["Ida", "Monday"])
    desk.write(house.first, session, "3")
    desk.write(house.first, house.customer_writes(id="9", **{"from": "leo"}), "other")
    pump = Pump().start()
    pump.ring(house.channel.pk)
    for _ in range(100):
        if Message.objects.filter(status=Message.SENT).count() == 4:
            break
        time.sleep(0.05)
    pump.stop()
    connection.close()
    theirs = [(at, m) for at, m in left if m.recipient != "leo"]
    assert [m.text for _, m in theirs] == ["1", "Hello Ida, see you on Monday.", "3"]
    assert theirs[0][1].media[0].content == b"hello"
    assert theirs[1][1].template.values == ("Ida", "Monday")
    assert all(b - a > 0.29 for (a, _), (b, _) in itertools.pairwise(theirs))
    assert next(at for at, m in left if m.recipient == "leo") - theirs[0][0] < 0.25
    assert set(Message.objects.filter(direction="out").values_list("attempts", flat=True)) == {1}
