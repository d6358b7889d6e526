"""Sessions, messages, the log and held requests in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from channels_app.models import Channel
from routing.admin import sessions
from routing.models import Attachment, Exchange, Held, Message, Report, Session

from .factories import (
    ChannelFactory,
    ExtensionFactory,
    MessageFactory,
    QueueFactory,
    RuleFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

SESSIONS = "/admin/routing/session/"


def cost(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def url(thing: Any, page: str = "change") -> str:
    return reverse(f"admin:routing_{thing._meta.model_name}_{page}", args=[thing.pk])


# sessions


def test_a_session_shows_its_messages_attempts_and_reports(admin_client: Client) -> None:
    session = SessionFactory(holder=ExtensionFactory(name="Anna"))
    MessageFactory(session=session, text="Where is it?")
    MessageFactory(session=session, direction=Message.SYSTEM, text="Anna picked up", provider_id="")
    answer = MessageFactory(
        session=session, answer=True, status=Message.FAILED, reason="The number is barred."
    )
    Attachment.objects.create(message=answer, name="map.png", content_type="image/png")
    _attempt(answer, reason="No route.")
    Report.objects.create(channel=session.channel, message=answer, status=Message.FAILED)
    page = admin_client.get(url(session)).content.decode()
    for text in ("Where is it?", "Anna picked up", "The number is barred.", "map.png", "No route."):
        assert text in page
    assert "1 attempt, 1 report" in page


def test_a_session_cannot_be_changed_here(admin_client: Client) -> None:
    session = SessionFactory()
    assert admin_client.post(url(session), {"closed_at": "x"}).status_code == 403
    assert admin_client.get(SESSIONS + "add/").status_code == 403
    assert admin_client.post(url(session, "delete"), {"post": "yes"}).status_code == 403


def test_a_long_session_is_read_in_parts(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SHOWN", 2)
    session = SessionFactory()
    for number in range(5):
        MessageFactory(session=session, text=f"text {number}.")
    latest = admin_client.get(url(session))
    assert [each.text for each in latest.context["thread"]] == ["text 3.", "text 4."]
    before = f"?before={latest.context['earlier']}"
    earlier = admin_client.get(url(session) + before)
    assert [each.text for each in earlier.context["thread"]] == ["text 1.", "text 2."]


def test_the_list_of_sessions_costs_the_same_for_many(admin_client: Client) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            rule = RuleFactory()
            SessionFactory(number=rule.number, queue=rule.queue, holder=ExtensionFactory())

    fill(1)
    cost(admin_client, SESSIONS)
    with_one = cost(admin_client, SESSIONS)
    fill(10)
    assert cost(admin_client, SESSIONS) == with_one


def test_a_session_costs_the_same_with_many_messages(admin_client: Client) -> None:
    session = SessionFactory()

    def fill(count: int) -> None:
        for _ in range(count):
            message = MessageFactory(session=session, answer=True, author=ExtensionFactory())
            Attachment.objects.create(message=message, name="a", content_type="image/png")
            Report.objects.create(channel=session.channel, message=message, status=Message.SENT)
            _attempt(message)

    fill(1)
    cost(admin_client, url(session))
    with_one = cost(admin_client, url(session))
    fill(10)
    assert cost(admin_client, url(session)) == with_one


@pytest.mark.parametrize("state", ["open", "waiting", "held", "nobody", "closed"])
def test_sessions_are_filtered_by_state(admin_client: Client, state: str) -> None:
    made = {
        "waiting": SessionFactory(queue=QueueFactory()),
        "held": SessionFactory(holder=ExtensionFactory()),
        "nobody": SessionFactory(),
        "closed": SessionFactory(closed_at=timezone.now()),
    }
    found = set(admin_client.get(f"{SESSIONS}?state={state}").context["cl"].result_list)
    wanted = {made[state]} if state in made else set(made.values()) - {made["closed"]}
    assert found == wanted


def test_a_customer_is_found_by_the_beginning_of_the_number(admin_client: Client) -> None:
    session = SessionFactory(customer__address="+48600100200")
    SessionFactory(customer__address="+41790000001")
    found = admin_client.get(SESSIONS, {"q": "+48600"}).context["cl"].result_list
    assert list(found) == [session]


# messages and the log


def test_the_list_of_messages_costs_the_same_for_many(admin_client: Client) -> None:
    MessageFactory()
    page = "/admin/routing/message/"
    cost(admin_client, page)
    with_one = cost(admin_client, page)
    for _ in range(10):
        MessageFactory(author=ExtensionFactory())
    assert cost(admin_client, page) == with_one


def test_an_exchange_shows_each_call(admin_client: Client) -> None:
    call = {
        "method": "POST",
        "url": "https://api.example/send",
        "request": '{"to":"+41791112233"}',
        "status": 500,
        "answer": "<b>Sorry</b>",
        "error": "api.example: HTTP 500",
        "ms": 12.5,
    }
    exchange = Exchange.objects.create(
        channel=ChannelFactory(), kind=Exchange.SEND, outcome="failed", calls=json.dumps([call])
    )
    page = admin_client.get(url(exchange)).content.decode()
    assert "https://api.example/send" in page
    assert "HTTP 500" in page
    assert "&lt;b&gt;Sorry&lt;/b&gt;" in page  # the provider's words are text, never markup


# held requests


def _held(channel: Channel, body: bytes = b'{"a": 1}', **changes: Any) -> Held:
    values = {"cause": Held.UNREADABLE, "error": "No type.", "method": "POST", "digest": "1"}
    return Held.objects.create(channel=channel, body=body, **{**values, **changes})


def test_a_held_request_shows_its_body(admin_client: Client) -> None:
    channel = ChannelFactory()
    text = _held(channel, headers={"content-type": "application/json"}, repeats=3)
    page = admin_client.get(url(text)).content.decode()
    assert "&quot;a&quot;: 1" in page
    assert "repeated 3 times" in page
    octets = _held(channel, b"\xff\xfe\x00", digest="2")
    assert "ff fe 00" in admin_client.get(url(octets)).content.decode()


def test_a_held_request_becomes_a_message_when_its_number_is_there(admin_client: Client) -> None:
    rule = RuleFactory()
    body = {"type": "message", "from": "+41791112233", "to": rule.number.value, "text": "Hello"}
    held = _held(
        rule.number.channel, json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    answer = admin_client.post(url(held, "replay"), follow=True)
    assert answer.status_code == 200
    held.refresh_from_db()
    assert held.settled_at
    assert Session.objects.get().last_text == "Hello"


def test_a_request_that_is_still_unreadable_says_why(admin_client: Client) -> None:
    held = _held(ChannelFactory(), b"{")
    page = admin_client.post(url(held, "replay"), follow=True).content.decode()
    assert "Still held: The body is not JSON" in page
    held.refresh_from_db()
    assert held.settled_at is None


def test_several_are_replayed_at_once(admin_client: Client) -> None:
    channel = ChannelFactory()
    chosen = [_held(channel, b"{"), _held(channel, b"[", digest="2")]
    form = {"action": "replay_chosen", "_selected_action": [each.pk for each in chosen]}
    page = admin_client.post("/admin/routing/held/", form, follow=True).content.decode()
    assert page.count("Still held") == 2


def test_an_ignored_request_leaves_the_list(admin_client: Client) -> None:
    held = _held(ChannelFactory())
    listed = "/admin/routing/held/"
    assert list(admin_client.get(listed).context["cl"].result_list) == [held]
    admin_client.post(url(held, "ignore"))
    assert not admin_client.get(listed).context["cl"].result_list
    settled = admin_client.get(listed + "?state=settled").context["cl"].result_list
    assert list(settled) == [held]


def test_who_may_only_read_may_not_replay(client: Client) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_held"))
    client.force_login(user)
    held = _held(ChannelFactory())
    assert "Replay" not in client.get(url(held)).content.decode()
    assert client.post(url(held, "replay")).status_code == 403
    assert client.post(url(held, "ignore")).status_code == 403
    held.refresh_from_db()
    assert held.settled_at is None


def _attempt(message: Message, reason: str = "") -> Exchange:
    return Exchange.objects.create(
        channel=message.channel,
        message=message,
        kind=Exchange.SEND,
        outcome=message.status,
        reason=reason,
    )
