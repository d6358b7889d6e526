"""What is sent to a platform, and what its answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine
from django.utils import timezone

from routing import forwarding
from routing.models import Attachment, PlatformEvent

from ..factories import SessionFactory
from ..files.examples import store
from ..stories.vendor import Response
from .examples import PNG, event, message

pytestmark = pytest.mark.django_db


def test_an_event_has_the_envelope_and_the_message(platform, vendor, settings):
    settings.PUBLIC_URL = "https://desk.example.org"
    found = event(platform, text="Grüezi 👋")
    customer = found.session.customer
    customer.name = "Anna"
    customer.save()
    attachment = store(found.message, "a.png", "image/png", PNG)
    assert forwarding.deliver(found.pk)
    (request,) = vendor.requests
    assert (request.method, request.path) == ("POST", "/events")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["x-event-id"] == str(found.pk)
    envelope = request.json()
    assert set(envelope) == {"type", "sn", "msg"}
    assert (envelope["type"], envelope["sn"]) == (30031, "desk.example.org")
    said = message(request)
    (file,) = json.loads(said.pop("msg_files"))
    assert file.pop("uri").startswith("https://desk.example.org/files/")
    assert file == {
        "id": attachment.pk,
        "name": "a.png",
        "type": "image/png",
        "size": len(PNG),
    }
    at = int(found.message.created_at.timestamp())
    channel = found.session.channel
    assert said == {
        "session_id": found.session.pk,
        "msg_id": found.message.pk,
        "sender": {
            "user_id": 0,
            "user_no": customer.address,
            "user_type": 2,
            "avatar": "",
            "username": "Anna",
        },
        "msg_kind": 0,
        "msg_type": 0,
        "msg_body": "Grüezi 👋",
        "send_time": at,
        "receive_time": at,
        "channel": {"id": channel.pk, "name": channel.name, "type": "sandbox"},
        "did_number": found.session.number.value,
        "customer": {"id": customer.pk, "number": customer.address, "name": "Anna"},
    }


def test_the_signature_is_over_the_bytes_that_were_sent(platform, vendor):
    forwarding.deliver(event(platform).pk)
    (request,) = vendor.requests
    expected = hmac.new(platform.secret.encode(), request.body, hashlib.sha256).digest()
    assert base64.b64decode(request.headers["x-signature"]) == expected


def test_a_known_signature():
    """RFC 4231, test case 2."""
    right = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    found = forwarding.sign("Jefe", b"what do ya want for nothing?")
    assert found == base64.b64encode(right).decode()


def test_a_transferred_session_without_a_new_message_is_told(platform, vendor):
    session = SessionFactory(platform=platform)
    found = PlatformEvent.objects.create(platform=platform, session=session)
    assert forwarding.deliver(found.pk)
    said = message(vendor.requests[0])
    assert (said["msg_type"], said["msg_id"], said["msg_body"]) == (1, 0, "")
    assert said["session_id"] == session.pk


def test_an_event_waits_a_while_for_files_that_are_being_loaded(platform, vendor):
    found = event(platform)
    Attachment.objects.create(
        message=found.message, state=Attachment.PENDING, name="a.png", source_url="http://x/"
    )
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert not forwarding.deliver(found.pk)
        found.refresh_from_db()
        assert found.attempts == 0  # waiting is no attempt
        clock.shift(forwarding.order.FILES_WAIT + timedelta(seconds=1))
        assert forwarding.deliver(found.pk)
    assert json.loads(message(vendor.requests[0])["msg_files"])[0]["uri"] == ""


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_the_end(platform, vendor, status):
    vendor.answer = lambda request: Response(status=status)
    found = event(platform)
    assert forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert found.done_at and not found.failed_at and found.reason == ""
    assert not forwarding.deliver(found.pk)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_refusal_is_final_and_has_its_reason(platform, vendor, status):
    vendor.answer = lambda request: Response("no such thing", status)
    found = event(platform)
    assert not forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert found.failed_at and not found.done_at
    assert found.reason == f"The platform answers HTTP {status}: no such thing"


@pytest.mark.parametrize("status", [301, 408, 425, 429, 500, 502, 503])
def test_trouble_is_tried_again(platform, vendor, status):
    vendor.answer = lambda request: Response(b"", status, {"Location": "/elsewhere"})
    found = event(platform)
    forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert not found.failed_at and not found.done_at
    assert found.due_at > timezone.now()
    assert found.reason == f"The platform answers HTTP {status}"
    assert len(vendor.requests) == 1


def test_a_platform_that_cannot_be_reached_is_tried_again(platform, vendor):
    vendor.stop()
    found = event(platform)
    forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert "cannot be reached" in found.reason
    vendor.start()
    PlatformEvent.objects.update(due_at=timezone.now())
    assert forwarding.deliver_due() == 1


def test_retry_after_is_heeded(platform, vendor):
    vendor.answer = lambda request: Response(b"", 429, {"Retry-After": "600"})
    found = event(platform)
    forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert timedelta(seconds=590) < found.due_at - timezone.now() <= timedelta(seconds=600)


def test_attempts_become_rarer_and_end_after_a_day(platform, vendor):
    vendor.answer = lambda request: Response(status=500)
    found = event(platform)
    waits = []
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        while True:
            forwarding.deliver(found.pk)
            found.refresh_from_db()
            if found.failed_at:
                break
            waits.append((found.due_at - timezone.now()).total_seconds())
            clock.move_to(found.due_at)
        passed = timezone.now() - start
    assert timedelta(days=1) < passed < timedelta(days=1, hours=2)
    assert 4 <= waits[0] <= 6 and max(waits) <= 3600 * 1.2
    assert all(later > sooner for sooner, later in pairwise(waits[:10]))
    assert found.reason == "The platform answers HTTP 500"
    assert 25 < len(vendor.requests) < 50


def test_backoff_differs_between_events(platform):
    found = event(platform)
    found.attempts = 1
    assert len({forwarding.backoff(found) for _ in range(20)}) > 10


def test_private_addresses_are_refused(platform, vendor, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = event(platform)
    forwarding.deliver(found.pk)
    found.refresh_from_db()
    assert "private address" in found.reason
    assert vendor.requests == []
