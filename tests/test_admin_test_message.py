"""A test message from the channel's page: really sent, and its result shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from routing import desk, outbox
from routing.models import Message, Session

from . import scene
from .channel_forms import change_url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


@pytest.fixture
def house() -> scene.Scene:
    return scene.build()


def send(client: Client, house: scene.Scene, **fields: Any) -> dict[str, Any]:
    typed = {"test_number": house.number.pk, "test_recipient": scene.CUSTOMER, **fields}
    return client.post(f"/admin/channels_app/channel/{house.channel.pk}/test/", typed).json()


def test_a_test_message_goes_through_the_outbox(admin_client: Client, house: scene.Scene) -> None:
    answer = send(admin_client, house)
    assert answer["ok"], answer
    message = Message.objects.get(direction=Message.OUT)
    assert (message.status, message.sender, message.recipient) == (
        Message.QUEUED, scene.OURS, scene.CUSTOMER,
    )  # fmt: skip
    assert message.text == f"This is a test message of {house.channel.name}."
    assert message.session.closed_at  # so it is in no agent's way
    assert admin_client.get(answer["follow"]).json() == {
        "ok": True, "done": False, "said": "Waiting to be sent.",
    }  # fmt: skip
    assert [each.outcome.message for each in outbox.claim({house.channel.pk: 1})] == [message.pk]


@pytest.mark.parametrize(
    ("status", "changes", "ok", "done", "said"),
    [
        (Message.SENT, {"provider_id": "m1"}, True, False, "has taken it as m1. No delivery"),
        (Message.DELIVERED, {}, True, True, "Delivered."),
        (Message.FAILED, {"reason": "wrong key"}, False, True, "wrong key"),
        (Message.UNKNOWN, {"reason": "no answer"}, False, True, "no answer"),
    ],
)
def test_the_result_is_shown(
    admin_client: Client, house: scene.Scene, status: str, changes: dict[str, str], ok: bool,
    done: bool, said: str,
) -> None:  # fmt: skip
    follow = send(admin_client, house)["follow"]
    Message.objects.filter(direction=Message.OUT).update(status=status, **changes)
    found = admin_client.get(follow).json()
    assert (found["ok"], found["done"]) == (ok, done)
    assert said in found["said"]


def test_a_message_that_cannot_leave_yet_is_no_success(
    admin_client: Client, house: scene.Scene
) -> None:
    follow = send(admin_client, house)["follow"]
    Message.objects.filter(direction=Message.OUT).update(reason="ASPSMS cannot be reached.")
    assert admin_client.get(follow).json() == {
        "ok": False, "done": False, "said": "Waiting to be sent. ASPSMS cannot be reached.",
    }  # fmt: skip


def test_a_paused_channel_says_why_nothing_leaves(admin_client: Client, house: scene.Scene) -> None:
    follow = send(admin_client, house)["follow"]
    type(house.channel).objects.update(paused=True)
    assert "the channel is paused" in admin_client.get(follow).json()["said"]


def test_an_answer_to_it_goes_where_the_rule_says(admin_client: Client, house: scene.Scene) -> None:
    send(admin_client, house)
    session = house.customer_writes("It works")
    assert session.queue == house.queue
    assert Session.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"test_recipient": ""}, "Enter where the message shall go"),
        ({"test_recipient": "hello"}, "is not a phone number"),
        ({"test_number": "99999"}, "Enter where the message"),
        ({"test_number": "x"}, "Enter where the message"),
    ],
)
def test_what_cannot_be_sent_is_told(
    admin_client: Client, house: scene.Scene, fields: dict[str, str], said: str
) -> None:
    answer = send(admin_client, house, **fields)
    assert not answer["ok"]
    assert said in answer["said"]
    assert not Message.objects.exists()


def test_only_who_may_change_the_channel_sends(client: Client, house: scene.Scene) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_channel"))
    client.force_login(user)
    url = f"/admin/channels_app/channel/{house.channel.pk}/test/"
    assert client.post(url, {"test_recipient": scene.CUSTOMER}).status_code == 403
    assert "pl-test" not in client.get(change_url(house.channel)).content.decode()


def test_a_closed_window_refuses_a_test(house: scene.Scene, monkeypatch: Any) -> None:
    monkeypatch.setattr(house.channel.provider_class, "window_hours", 24)
    with pytest.raises(desk.Refused):
        desk.send_test(house.number, scene.CUSTOMER, "admin")
    house.customer_writes()
    message = desk.send_test(house.number, scene.CUSTOMER, "admin")
    assert message.due_at <= timezone.now()
