"""A customer writes: filed once, in the right session, whatever comes in between."""

from __future__ import annotations

import base64
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from providers.base import Inbound
from providers.errors import WebhookError
from routing import desk, intake
from routing.intake import commit, filing
from routing.models import (
    Customer,
    Exchange,
    Held,
    HourCount,
    Message,
    PlatformEvent,
    Rule,
    Session,
)

from . import scene
from .scene import CUSTOMER, OURS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def test_a_text_becomes_a_message_in_the_queue() -> None:
    house = scene.build()
    session = house.customer_writes("Grüezi 👋", id="a1")
    message = session.messages.get()
    assert (message.text, message.status, message.sender) == ("Grüezi 👋", "received", CUSTOMER)
    assert (session.queue, session.holder, session.unread) == (house.queue, None, 1)
    assert session.last_text == "Grüezi 👋"
    assert Session.objects.for_extension(house.second).get() == session


def test_the_same_message_twice_is_kept_once() -> None:
    house = scene.build()
    for _ in range(3):
        session = house.customer_writes(id="a1")
    assert session.messages.count() == 1
    assert Session.objects.get().unread == 1
    assert HourCount.objects.get().received == 1


def test_a_message_without_id_is_recognised_by_its_content() -> None:
    house = scene.build()
    house.customer_writes("Yes")
    session = house.customer_writes("Yes")
    house.customer_writes("No")
    assert [m.text for m in session.messages.all()] == ["Yes", "No"]
    assert all(m.provider_id.startswith("~") for m in session.messages.all())


def test_messages_of_one_customer_share_the_open_session_and_a_closed_one_is_not_reopened() -> None:
    house = scene.build()
    first = house.customer_writes(id="1")
    assert house.customer_writes(id="2") == first
    desk.close(house.first, first)
    assert house.customer_writes(id="3") != first
    assert Customer.objects.count() == 1


def test_the_rule_decides_the_destination() -> None:
    house = scene.build()
    Rule.objects.update(queue=None, extension=house.second)
    assert house.customer_writes(id="1").holder == house.second
    platform = scene.platform()
    Rule.objects.update(extension=None, platform=platform)
    session = house.customer_writes(id="2", **{"from": "+41790000001"})
    assert (session.platform, session.holder, session.queue) == (platform, None, None)
    assert PlatformEvent.objects.get().message == session.messages.get()


def test_after_pick_up_new_messages_stay_with_the_holder() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    desk.pick_up(house.first, session)
    house.customer_writes(id="2")
    assert Session.objects.get().holder == house.first
    assert not Session.objects.for_extension(house.second).exists()


def test_an_unknown_number_is_held_and_replayed_once_it_is_set_up() -> None:
    house = scene.build()
    other = "+41445550000"
    for _ in range(2):  # the provider repeats it
        assert (
            house.post({"type": "message", "id": "x", "from": CUSTOMER, "to": other}).status == 200
        )
    held = Held.objects.get()
    assert (held.cause, held.repeats) == (Held.UNKNOWN_NUMBER, 1)
    assert other in held.error
    with pytest.raises(WebhookError, match="not set up"):
        intake.replay(held)
    number = house.channel.numbers.create(value=other)
    Rule.objects.create(number=number, queue=house.queue)
    assert intake.replay(held) == "Replayed: 1 new message."
    assert intake.replay(held) == "Replayed: 1 known message."
    assert Message.objects.get().recipient == other
    held.refresh_from_db()
    assert held.settled_at


def test_an_unreadable_request_is_held_with_the_parsers_error() -> None:
    house = scene.build()
    reply = house.post(b'{"type": "mess')
    held = Held.objects.get()
    assert (held.cause, bytes(held.body)) == (Held.UNREADABLE, b'{"type": "mess')
    assert "JSON" in held.error
    assert reply.status == house.channel.provider_class.unreadable_status
    Held.objects.update(  # the cause is mended
        body=json.dumps({"type": "message", "from": CUSTOMER, "to": OURS, "text": "Hi"}).encode()
    )
    assert intake.replay(Held.objects.get()) == "Replayed: 1 new message."


def test_a_wrong_charset_and_strange_characters_lose_nothing() -> None:
    house = scene.build()
    session = house.customer_writes("a\x00b \ud83d c")
    assert session.messages.get().text == "ab � c"
    assert house.post(b'{"text": "\xff\xfe"}').status != 200
    assert Held.objects.count() == 1


def test_an_address_that_is_not_allowed_is_refused_and_logged() -> None:
    house = scene.build(allowed_addresses="10.0.0.0/8, 2001:db8::/32")
    reply = house.post({"type": "message", "from": CUSTOMER, "to": OURS, "text": "Hi"})
    assert reply.status == 403
    assert not Message.objects.exists()
    exchange = Exchange.objects.get()
    assert (exchange.outcome, exchange.remote) == (Exchange.REFUSED, "127.0.0.1")


def test_too_large_a_request_is_refused_in_words_and_seen(settings) -> None:
    house = scene.build()
    settings.WEBHOOK_MAX_BYTES = 1000
    reply = house.post(b"x" * 1001)
    assert reply.status == 413
    assert "too large" in reply.body
    assert Held.objects.get().cause == Held.OVERSIZED
    with pytest.raises(WebhookError, match="not kept"):
        intake.replay(Held.objects.get())


def test_an_unknown_address_is_404(client) -> None:
    house = scene.build()
    url = house.channel.webhook_path
    assert client.post(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 404
    assert client.post(url.replace("sandbox", "general")).status_code == 404
    answer = client.post(
        url,
        {"type": "message", "from": CUSTOMER, "to": OURS, "text": "Hi"},
        content_type="application/json",
    )
    assert (answer.status_code, Message.objects.count()) == (200, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("real_committer")
def test_many_at_once_open_one_session_and_lose_nothing() -> None:
    house = scene.build()
    failures = []

    def write(n: int) -> None:
        body = {"type": "message", "id": str(n % 20), "from": CUSTOMER, "to": OURS, "text": "Hi"}
        try:
            assert house.post(body).status == 200
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert Session.objects.get().unread == 20
    assert Message.objects.count() == 20
    assert sum(HourCount.objects.values_list("received", flat=True)) == 20


def test_the_cost_does_not_depend_on_how_many_come_together(
    django_assert_num_queries, django_assert_max_num_queries
) -> None:
    house = scene.build()
    door = intake.door_of("sandbox", house.channel.webhook_token, fresh=True)

    def letters(first: int, count: int) -> list:
        events = [
            Inbound(f"+4179111{n:04}", OURS, "Hi", provider_id=str(n))
            for n in range(first, first + count)
        ]
        return intake.address_letters(door, events)[0]

    intake.file(letters(0, 1))
    with django_assert_max_num_queries(9) as few:
        intake.file(letters(1, 2))
    with django_assert_num_queries(len(few)):
        intake.file(letters(3, 200))


def test_the_webhook_tells_when_it_could_not_store(monkeypatch) -> None:
    house = scene.build()
    monkeypatch.setattr("routing.intake.commit.file", lambda *_: 1 / 0)
    reply = house.post({"type": "message", "from": CUSTOMER, "to": OURS, "text": "Hi"})
    assert reply.status == 500
    assert not Message.objects.exists()


def test_one_bad_request_of_a_batch_does_not_spoil_the_others(monkeypatch) -> None:
    house = scene.build()
    real = filing.file
    monkeypatch.setattr(
        commit,
        "file",
        lambda letters, log: (
            1 / 0 if any(x.inbound.text == "bad" for x in letters) else real(letters, log)
        ),
    )
    door = intake.door_of("sandbox", house.channel.webhook_token, fresh=True)
    works = [
        commit.Work(intake.address_letters(door, [Inbound(CUSTOMER, OURS, text)])[0])
        for text in ("good", "bad", "fine")
    ]
    commit.commit(works)
    assert [work.done.exception() is None for work in works] == [True, False, True]
    assert set(Message.objects.values_list("text", flat=True)) == {"good", "fine"}


def test_files_come_with_their_message() -> None:
    house = scene.build()
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
    files = [{"name": "cat.png", "content_type": "image/png", "data": png}]
    session = house.customer_writes("", files=files)
    attachment = session.messages.get().attachments.get()
    assert (attachment.name, attachment.content_type, attachment.state) == (
        "cat.png",
        "image/png",
        "kept",
    )
    assert session.last_text == "cat.png"
    assert attachment.message.created_at <= timezone.now()


def test_of_several_recipients_the_first_that_is_ours_gets_the_message() -> None:
    house = scene.build(provider="general", credentials={"api_key": "KEY"})
    payload = {
        "id": "1",
        "from": {"phone_number": CUSTOMER},
        "to": [{"phone_number": "+41440000000"}, {"phone_number": OURS}],
        "text": "Hello both",
    }
    body = {"data": {"event_type": "message.received", "id": "e", "payload": payload}}
    assert house.post(body).status == 200
    assert Message.objects.get().session.number == house.number
    assert not Held.objects.exists()


def test_a_failed_batch_leaves_no_mark_of_duplicates() -> None:
    house = scene.build()
    door = intake.door_of("sandbox", house.channel.webhook_token, fresh=True)
    letters, _ = intake.address_letters(door, [Inbound(CUSTOMER, OURS, "Hi", provider_id="1")])
    letters[0].duplicate = True  # as an earlier try left it
    intake.file(letters)
    assert Message.objects.get().text == "Hi"


def test_the_time_of_the_last_message_is_the_customers_and_never_goes_back(monkeypatch) -> None:
    house, now = scene.build(), timezone.now()
    times = [now - timedelta(hours=3), now - timedelta(hours=5), None, now + timedelta(hours=1)]
    seen = []
    for n, sent_at in enumerate(times):
        inbound = Inbound(CUSTOMER, OURS, "Hi", provider_id=str(n), sent_at=sent_at)
        monkeypatch.setattr(
            house.channel.provider_class, "parse_inbound", lambda self, request, m=inbound: [m]
        )
        seen.append(house.customer_writes(id=str(n)).inbound_at)
    assert seen[:2] == [times[0], times[0]]
    assert seen[2] < seen[3] < now + timedelta(minutes=1)
