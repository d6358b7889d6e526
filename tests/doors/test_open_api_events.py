"""Events of the Open API: who hears of what, in which words, and when a listener is let go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from config import asgi
from providers import base
from routing import delivery, forwarding
from routing.desk import platforms
from routing.doors.openapi import listening, socket
from routing.forwarding import open_api
from routing.inbox import stream
from routing.models import Attachment, Door, Message, OpenTarget, OpenToken, PlatformEvent, health
from routing.models.open_api import MOST_TARGETS

from ..factories import ChannelFactory, MessageFactory, NumberFactory, SessionFactory
from ..serving import serve
from ..stories.vendor import Response, Vendor
from .caller import SECRET, crm

pytestmark = pytest.mark.django_db
SECOND_SECRET = "another-secret-to-sign-with"


def said(event: PlatformEvent) -> dict[str, Any]:
    envelope = json.loads(open_api.body(event))
    assert envelope["type"] == event.type and isinstance(envelope["sn"], str)
    found: dict[str, Any] = json.loads(envelope["msg"])
    return found


def sent_by(door: Door) -> Message:
    """A message of a client, which was handed over."""
    number = NumberFactory()
    message = platforms.start(door, number, "+41791112233", "Hello")
    Message.objects.filter(pk=message.pk).update(
        status=Message.SENT, provider_id="p1", sending_at=timezone.now()
    )
    return message


# --- what is told -------------------------------------------------------------------------------


def test_what_became_of_a_message_and_that_it_was_read() -> None:
    message = sent_by(crm())
    for status in (base.DELIVERED, base.READ):
        delivery.record(message.channel, [base.Report(status, provider_id="p1")])
    first, second, read = PlatformEvent.objects.order_by("pk")
    assert [each.type for each in (first, second, read)] == [30032, 30032, 30038]
    told = said(first)
    assert (told["msg_id"], told["delivery_status"], told["send_error"]) == (message.pk, 1, "")
    assert told["sender"] == {
        "user_id": 0,
        "user_no": "api",
        "user_type": 9,
        "avatar": "",
        "username": "CRM",
    }
    read_at = int(read.created_at.timestamp())
    data = {"session_id": message.session_id, "read_msg_id": message.pk, "user_id": 0}
    assert said(read) == {"data": {**data, "read_time": read_at}}


def test_a_failure_tells_its_reason_even_after_a_later_success() -> None:
    message = sent_by(crm())
    report = base.Report(base.FAILED, provider_id="p1", reason="No credit")
    delivery.record(message.channel, [report])
    told = said(PlatformEvent.objects.get())
    assert (told["delivery_status"], told["send_error"]) == (2, "send_fail")
    assert told["send_error_msg"] == "No credit"
    Message.objects.update(status=Message.DELIVERED)
    assert said(PlatformEvent.objects.get())["delivery_status"] == 2


def test_a_channel_that_fails_is_told_to_those_who_may_use_it() -> None:
    whole, mine, other = NumberFactory(), NumberFactory(), ChannelFactory(name="Other")
    everything, some = crm(), crm(mine, name="Some", secret="0123456789abcdef")
    health.show_fault(other, "The key is wrong.")
    health.show_fault(other, "The key is wrong.")  # once
    health.show_success(other)
    failed, connected = PlatformEvent.objects.filter(platform=everything.receiver).order_by("pk")
    assert said(failed) == {
        "event_name": "Message Channel Failed",
        "event_type": "system",
        "event_level": "error",
        "event_content": "Other: The key is wrong.",
        "create_time": int(failed.created_at.timestamp()),
    }
    assert (failed.type, connected.type) == (30036, 30034)
    assert not PlatformEvent.objects.filter(platform=some.receiver).exists()
    health.show_fault(mine.channel, "No.")
    assert PlatformEvent.objects.filter(platform=some.receiver).count() == 1
    health.show_success(whole.channel)  # it was never red
    assert PlatformEvent.objects.filter(type=30034).count() == 1


# --- webhooks -----------------------------------------------------------------------------------


@pytest.fixture
def vendor(settings: Any) -> Iterator[Vendor]:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with Vendor() as made:
        yield made


def test_each_webhook_gets_what_it_wants_in_order_and_holds_up_no_other(vendor: Vendor) -> None:
    door = crm()
    door.point(f"{vendor.url}/bad", SECRET)
    OpenTarget.objects.create(door=door, place=0, method="POST", event_ids=[30034, 30036])
    OpenTarget.objects.create(
        door=door, place=1, url=f"{vendor.url}/good", keys=[SECOND_SECRET], method="GET"
    )
    assert MOST_TARGETS == 5
    vendor.answer = lambda request: Response(status=503 if request.path == "/bad" else 204)
    for kind, name in ((30034, "one"), (30035, "two"), (30036, "three")):
        PlatformEvent.objects.create(
            platform=door.receiver, type=kind, content={"event_name": name}
        )
    forwarding.deliver_due()

    def told(path: str) -> list[str]:
        return [json.loads(x.json()["msg"])["event_name"] for x in vendor.requests_to(path)]

    assert told("/good") == ["one", "two", "three"] and told("/bad") == ["one"]
    request = vendor.requests_to("/good")[0]
    digest = hmac.new(SECOND_SECRET.encode(), request.body, hashlib.sha256).digest()
    assert request.method == "GET"
    assert request.headers["x-signature"] == base64.b64encode(digest).decode()
    vendor.answer = lambda request: Response(status=200)
    PlatformEvent.objects.filter(done_at=None).update(due_at=timezone.now())
    forwarding.deliver_due()
    assert told("/bad") == ["one", "one", "three"]
    assert not PlatformEvent.objects.filter(done_at=None).exists()


def test_a_door_without_webhook_only_keeps_what_listeners_read(vendor: Vendor) -> None:
    door = crm()
    PlatformEvent.objects.create(platform=door.receiver, type=30034, content={})
    forwarding.deliver_due()
    assert PlatformEvent.objects.get().done_at and not vendor.requests


# --- listening ----------------------------------------------------------------------------------


def ears_of(door: Door, *topics: int) -> listening.Ears:
    token, _ = OpenToken.make(door, door.key_hash)
    found = listening.opened(token, "203.0.113.5")
    found.topics = frozenset(topics)
    return found


def test_a_listener_hears_each_event_once_even_one_that_was_committed_late() -> None:
    door = crm()
    old = {"platform": door.receiver, "type": 30034, "content": {}}
    PlatformEvent.objects.create(**old)
    ears = ears_of(door, 30034)
    assert listening.news(ears) == []  # what was before it came
    late, early = (PlatformEvent.objects.create(**old) for _ in range(2))
    PlatformEvent.objects.filter(pk=late.pk).update(
        platform=crm(name="X", secret="x" * 16).receiver
    )
    assert len(listening.news(ears)) == 1 and listening.news(ears) == []
    PlatformEvent.objects.filter(pk=late.pk).update(platform=door.receiver)  # now it is seen
    assert len(listening.news(ears)) == 1 and listening.news(ears) == []
    PlatformEvent.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert listening.news(ears) == [] and (ears.low, ears.settled) == (early.pk, set())


def test_a_message_is_heard_once_its_files_are_there() -> None:
    door = crm()
    ears = ears_of(door, 30031)
    session = SessionFactory(platform=door.receiver)
    message = MessageFactory(session=session, has_files=True)
    file = {"name": "a.png", "content_type": "image/png"}
    waiting = Attachment.objects.create(message=message, state=Attachment.PENDING, **file)
    PlatformEvent.objects.create(platform=door.receiver, session=session, message=message)
    assert listening.news(ears) == []
    waiting.state = Attachment.MISSING
    waiting.save()
    assert len(listening.news(ears)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("quiet", "good"), [(0.3, 60.0), (60.0, 0.5)])
def test_a_listener_is_let_go_when_nothing_is_said_or_its_token_ends(
    monkeypatch: pytest.MonkeyPatch, quiet: float, good: float
) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    monkeypatch.setattr(socket, "QUIET_SECONDS", quiet)
    stream.hub.cache_clear()
    door = crm()
    token, _ = OpenToken.make(door, door.key_hash)
    OpenToken.objects.update(access_until=timezone.now() + timedelta(seconds=good))
    with serve(asgi.application) as url:
        address = f"{url.replace('http', 'ws')}/openapi/v1.0/subscribe?access_token={token}"
        with connect(address) as listener, pytest.raises(ConnectionClosed) as ended:
            listener.recv(20)
        assert ended.value.rcvd is not None
        told = (ended.value.rcvd.code, ended.value.rcvd.reason)
        assert told == ((1001, "NO TRAFFIC") if quiet < 1 else (1008, "TOKEN EXPIRED"))
        stream.hub().closing = True
    stream.hub.cache_clear()
