"""Channels, queues and webhooks by the Open API: what there is, what it did, set up and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app.models import Channel, Number
from routing.models import Door, HourCount, PlatformEvent, Queue, Rule

from ..factories import (
    ChannelFactory,
    ExtensionFactory,
    NumberFactory,
    QueueFactory,
    RuleFactory,
    SessionFactory,
)
from .caller import NOT_DONE, NOT_FOUND, OK, Caller, code, crm, fields

pytestmark = pytest.mark.django_db
FIRST = {"page": 1, "page_size": 10}


@pytest.fixture
def caller(settings: Any) -> Caller:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    crm()
    found = Caller()
    found.log_in()
    return found


# --- message_channel ----------------------------------------------------------------------------


def test_channels_are_listed_with_their_figures(caller: Caller) -> None:
    number = NumberFactory(channel__name="Swiss SMS", channel__provider="aspsms")
    ChannelFactory(name="Red", fault="The key is wrong.")
    now = timezone.now()
    for days, sent in ((0, 1), (1, 10), (20, 100), (300, 1000)):
        hour = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
        made = {"sent": sent, "delivered": sent, "failed": 0, "received": 2}
        HourCount.objects.create(channel=number.channel, hour=hour, **made)
    found = caller.get("message_channel/list", **FIRST, time_range="today")
    assert (code(found), found["total_number"]) == (OK, 2)
    red, swiss = found["list"]
    assert (red["status"], red["reason"]) == ("status_connect_fail", "The key is wrong.")
    assert swiss == {
        "id": number.channel.pk,
        "status": "status_connect_succ",
        "reason": "",
        "name": "Swiss SMS",
        "channel": "aspsms",
        "type": "sms",
        "number": [number.value],
        "sent": 1,
        "delivered": 1,
        "failed": 0,
        "received": 2,
    }
    for wanted, sent in (
        ("yesterday", 10),
        ("last_7_days", 11),
        ("last_30_days", 111),
        ("all", 1111),
    ):
        query = {**FIRST, "time_range": wanted, "search_value": number.value[-5:]}
        (row,) = caller.get("message_channel/search", **query)["list"]
        assert row["sent"] == sent, wanted
    month = timezone.localdate().day
    (row,) = caller.get("message_channel/search", **{**query, "time_range": "this_month"})["list"]
    assert row["sent"] == 1 + 10 * (month > 1) + 100 * (month > 20)
    assert fields(caller.get("message_channel/list", **FIRST)) == ["time_range"]
    second = caller.get("message_channel/list", page=2, page_size=1, time_range="all")
    assert [each["name"] for each in second["list"]] == ["Swiss SMS"]


def test_a_channel_is_made_changed_and_deleted(caller: Caller) -> None:
    agent, queue = ExtensionFactory(number="1001"), QueueFactory()
    body: dict[str, Any] = {
        "name": "Swiss SMS",
        "webhook_url_type": "nat",
        "channel": "general",
        "account_data": [
            {"k": "api_key", "v": "KEY"},
            {"k": "api_secret", "v": "a-secret"},
            {"k": "api_send_url", "v": "http://127.0.0.1:9001/send"},
        ],
        "send_rate": 5,
        "auto_close_session": 1,
        "session_expired_time": 3,
        "enb_duplicate_active_session": 1,
        "dids": [
            {
                "number": "+41791234510",
                "destination_type": "queue",
                "destination_id": queue.pk,
                "extensions": [{"extension_id": agent.pk}],
            },
            {"number": "+41791234511", "destination_type": "api"},
        ],
    }
    pk = caller.post("message_channel/create", **body)["id"]
    channel = Channel.objects.get(pk=pk)
    assert channel.credentials["secret"] == "a-secret" and channel.close_after_days == 3
    assert Rule.objects.get(number__value="+41791234511").platform == Door.objects.get().receiver
    told = caller.get("message_channel/get", id=pk)["data"]
    account = {each["k"]: each["v"] for each in told["account_data"]}
    assert account["api_secret"] == account["api_key"] == "******"
    assert (told["send_rate"], told["auto_close_session"], told["session_expired_time"]) == (
        5,
        1,
        3,
    )
    assert told["webhook_url"] == channel.webhook_url
    assert [each["destination_type"] for each in told["dids"]] == ["queue", "api"]
    assert told["dids"][0]["extensions"] == [{"extension_id": agent.pk}]
    # As it was shown, with another name: nothing else changes.
    change = {"id": pk, "name": "New name", "account_data": told["account_data"]}
    assert code(caller.post("message_channel/update", **change, auto_close_session=0)) == OK
    channel.refresh_from_db()
    assert (channel.name, channel.credentials["api_key"]) == ("New name", "KEY")
    assert channel.close_after_days is None
    assert caller.get("message_channel/query", ids=f"{pk}")["list"][0]["name"] == "New name"
    assert code(caller.post("message_channel/create", **{**body, "name": "New name"})) == (
        40003,
        "DUPLICATE KEY VALUE",
    )
    session = SessionFactory(number=Number.objects.first())
    assert code(caller.get("message_channel/delete", id=pk)) == NOT_DONE
    session.delete()
    assert code(caller.get("message_channel/delete", id=pk)) == OK
    assert code(caller.get("message_channel/get", id=pk)) == NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 128}, "name"),
        ({"webhook_url_type": "ip"}, "webhook_url_type"),
        ({"channel": "skyetel"}, "channel"),
        ({"account_data": None}, "account_data"),
        ({"account_data": [{"k": "api_key"}]}, "credentials.api_key"),
        ({"channel": "apidaze"}, "accompanying_msg"),
        ({"send_rate": 0}, "send_rate"),
        ({"auto_close_session": 1}, "session_expired_time"),
        ({"dids": [{"number": "nonsense", "destination_type": "api"}]}, "numbers[0].number"),
    ],
)
def test_a_channel_that_cannot_be_made(caller: Caller, changes: dict[str, Any], field: str) -> None:
    account = [{"k": "api_key", "v": "KEY"}]
    body = {"name": "N", "webhook_url_type": "fqdn", "channel": "general", "account_data": account}
    assert fields(caller.post("message_channel/create", **{**body, **changes})) == [field]
    assert not Channel.objects.exists()


# --- message_queue ------------------------------------------------------------------------------


def test_a_queue_is_made_changed_and_deleted(caller: Caller) -> None:
    anna, ben = ExtensionFactory(), ExtensionFactory()
    listed = caller.get("extension/list", **FIRST)["data"]
    assert [each["id"] for each in listed] == [anna.pk, ben.pk]
    both = [{"extension_id": each.pk} for each in (anna, ben)]
    new = {"name": "Support", "assignment_mode": "auto", "members": both}
    pk = caller.post("message_queue/create", **new)["id"]
    found = caller.get("message_queue/list", **FIRST)
    assert (found["total_number"], found["list"]) == (1, [{"id": pk, "name": "Support"}])
    assert caller.get("message_queue/search", **FIRST, search_value="x")["list"] == []
    told = caller.get("message_queue/get", id=pk)["data"]
    assert (told["assignment_mode"], len(told["members"])) == ("auto", 2)
    change = {"id": pk, "members": both[:1], "assignment_mode": "none"}
    assert code(caller.post("message_queue/update", **change)) == OK
    queue = Queue.objects.get()
    assert (queue.name, queue.pickup, list(queue.members.all())) == ("Support", "none", [anna])
    again = caller.post("message_queue/create", **new)
    assert code(again) == (40003, "DUPLICATE KEY VALUE")
    assert again["duplicate_field_list"] == [{"field": "name", "value": "Support"}]
    rule = RuleFactory(queue=queue)
    assert code(caller.get("message_queue/delete", id=pk)) == NOT_DONE
    waiting, other = SessionFactory(number=rule.number, queue=queue), QueueFactory()
    Rule.objects.filter(pk=rule.pk).update(queue=other)
    assert code(caller.get("message_queues/delete", id=pk)) == OK  # as one client calls it
    waiting.refresh_from_db()
    assert waiting.queue == other
    assert code(caller.get("message_queue/query", ids=f"{pk}")) == NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"assignment_mode": "some"}, "assignment_mode"),
        ({"members": None}, "members"),
        ({"members": [{"extension_id": 999}]}, "members"),
        ({"members": [{}]}, "extension_id"),
        ({"members": "1"}, "members"),
    ],
)
def test_a_queue_that_cannot_be_made(caller: Caller, changes: dict[str, Any], field: str) -> None:
    body = {"name": "Q", "assignment_mode": "manual", "members": []}
    assert fields(caller.post("message_queue/create", **{**body, **changes})) == [field]


# --- webhook ------------------------------------------------------------------------------------


def test_webhooks_are_set_and_told(caller: Caller) -> None:
    door = Door.objects.get()
    first, second = "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"
    body = {
        "webhook_event_push_list": [
            {"url": first, "request_method": "POST", "event_ids": [30031]},
            {"url": second, "request_method": "GET", "event_ids": 0},
        ]
    }
    assert code(caller.post("webhook/update", **body)) == OK
    told = caller.get("webhook/query")["data"]
    one, two = told["webhook_event_push_list"]
    assert (one["url"], one["event_ids"], one["request_method"]) == (first, [30031], "POST")
    assert (two["url"], two["event_ids"], two["request_method"]) == (second, [0], "GET")
    assert len(one["secret"]) == len(two["secret"]) == 32
    door.refresh_from_db()
    assert (door.receiver.url, door.receiver.secret) == (first, one["secret"])
    waiting = PlatformEvent.objects.create(platform=door.receiver, type=30034, url=first)
    assert code(caller.post("webhook/update", webhook_event_push_list=[{"url": second}])) == OK
    waiting.refresh_from_db()
    assert waiting.failed_at
    (kept,) = caller.get("webhook/query")["data"]["webhook_event_push_list"]
    assert kept["secret"] == two["secret"]
    many = [{"url": f"http://127.0.0.1:1/{n}"} for n in range(6)]
    assert fields(caller.post("webhook/update", webhook_event_push_list=many)) == [
        "webhook_event_push_list"
    ]
    wrong = [{"url": "ftp://x"}]
    assert fields(caller.post("webhook/update", webhook_event_push_list=wrong)) == ["url"]
    assert code(caller.post("webhook/update", enb_webhook_event_push=0)) == OK
    assert caller.get("webhook/query")["data"]["enb_webhook_event_push"] == 0
