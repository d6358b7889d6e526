"""The settings of a channel's account: who may call, prefixes, incoming off, sender, default."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from channels_app.fields import without_prefix
from channels_app.models import Channel
from providers import registry
from routing import desk, intake
from routing.models import Held, Message, Session
from routing.remote import remote_of

from . import scene
from .channel_forms import ADD, change_url, errors, fields, saved
from .factories import NumberFactory, RuleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]

# who may call


@pytest.mark.parametrize(
    ("allowed", "remote", "may"),
    [
        ("", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.0/24, 2001:db8::/32", "203.0.113.200", True),
        ("203.0.113.0/24 2001:db8::/32", "2001:db8::1", True),
        ("203.0.113.0/24", "::ffff:203.0.113.9", True),
        ("2001:db8::/32", "203.0.113.9", False),
        ("203.0.113.7", "nonsense", False),
    ],
)
def test_addresses_that_may_call(allowed: str, remote: str, may: bool) -> None:
    assert Channel(allowed_addresses=allowed).allows_address(remote) is may


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # anybody can write that header
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("::ffff:10.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "198.51.100.1:51234", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::5]:51234", "2001:db8::5"),
        ("fd00::1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_the_caller_behind_a_trusted_proxy(
    settings: LazySettings, peer: str, forwarded: str, found: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/24", "fd00::/8"]
    assert remote_of(peer, forwarded) == found


# prefixes


@pytest.mark.parametrize(
    ("number", "prefixes", "region", "plain"),
    [
        ("99948601112233", ["999"], "", "+48601112233"),
        ("+99948601112233", ["999"], "", "+48601112233"),
        ("48601112233", ["48"], "PL", "+48601112233"),
        ("T48601112233", ["T"], "", "+48601112233"),
        ("0048601112233", ["00"], "", "+48601112233"),
        ("98648601112233", ["9", "986"], "", "+48601112233"),  # the longest
        ("+48601112233", ["999"], "", "+48601112233"),
        ("999", ["999"], "", "999"),
        ("+48601112233", [], "", "+48601112233"),
    ],
)
def test_a_prefix_is_removed(number: str, prefixes: list[str], region: str, plain: str) -> None:
    assert without_prefix(number, prefixes, region) == plain


def test_received_numbers_lose_the_channels_prefixes() -> None:
    house = scene.build(prefixes="999, 77")
    house.post(
        {"type": "message", "from": "77" + scene.CUSTOMER[1:], "to": "999" + scene.OURS[1:],
         "text": "Hi", "id": "1"}
    )  # fmt: skip
    message = Message.objects.get()
    assert message.sender == scene.CUSTOMER
    assert message.session.number == house.number


# incoming on or off


def test_with_incoming_off_a_message_is_held_until_it_is_on() -> None:
    house = scene.build(receives=False)
    reply = house.post(
        {"type": "message", "from": scene.CUSTOMER, "to": scene.OURS, "text": "Hi", "id": "1"}
    )
    assert (reply.status, reply.body) == (200, "OK")  # or the provider would repeat it
    held = Held.objects.get()
    assert held.cause == Held.NOT_RECEIVING
    assert held.get_cause_display() == "Incoming is off"
    assert "switched off in this channel" in held.error
    assert not Message.objects.exists()
    Channel.objects.update(receives=True)
    held.refresh_from_db()
    assert intake.replay(held) == "Replayed: 1 new message."
    assert Message.objects.get().text == "Hi"


def test_with_incoming_off_reports_are_still_believed() -> None:
    house = scene.build()
    session = house.customer_writes()
    message = desk.write(house.first, session, "Hello")
    message.advance(Message.SENDING)
    message.advance(Message.SENT, provider_id="m1")
    Channel.objects.update(receives=False)
    assert house.post({"type": "status", "id": "m1", "status": "delivered"}).status == 200
    message.refresh_from_db()
    assert message.status == Message.DELIVERED


# sender name


@pytest.mark.parametrize(
    ("provider", "sender"), [("aspsms", "Shop"), ("sandbox", "Shop"), ("general", scene.OURS)]
)
def test_the_name_of_sender_is_sent_where_the_provider_takes_one(
    provider: str, sender: str
) -> None:
    assert registry.get(provider).alphanumeric_sender == (sender == "Shop")
    house = scene.build(provider=provider, sender_name="Shop")
    session = Session.objects.create(
        number=house.number,
        channel=house.channel,
        customer=scene.a_customer(),
        holder=house.first,
    )
    assert desk.write(house.first, session, "Hello").sender == sender


# the default channel


def test_the_default_channels_numbers_are_offered_first() -> None:
    house = scene.build()
    later = NumberFactory(channel__default_outgoing=True, value="+41799999999")
    RuleFactory(number=later, queue=house.queue, may_start=[house.first])
    assert list(desk.numbers_to_start_from(house.first)) == [later, house.number]


def test_a_new_default_channel_takes_the_place_of_the_old(admin_client: Client) -> None:
    old = Channel.objects.create(name="Old", provider="sandbox", default_outgoing=True)
    answer = admin_client.post(ADD, fields(default_outgoing="on"))
    assert answer.status_code == 302, errors(answer)
    old.refresh_from_db()
    assert not old.default_outgoing
    assert Channel.objects.get(name="Swiss SMS").default_outgoing
    assert admin_client.post(change_url(old), {**fields(), "name": "Old", "default_outgoing": "on",
        "credential_behaviour": ""}).status_code == 302  # fmt: skip
    assert Channel.objects.get(default_outgoing=True) == old


# the form


def test_the_form_saves_the_account_settings(admin_client: Client) -> None:
    changes: dict[str, Any] = {"prefixes": "48, 00", "sender_name": "Shop", "receives": "on"}
    answer = admin_client.post(ADD, fields(**changes))
    assert answer.status_code == 302, errors(answer)
    channel = Channel.objects.get()
    assert (channel.prefix_list, channel.sender_name, channel.receives) == (
        ("48", "00"), "Shop", True
    )  # fmt: skip
    admin_client.post(change_url(channel), fields(prefixes="48"))
    channel.refresh_from_db()
    assert (channel.prefix_list, channel.receives) == (("48",), False)


def test_a_prefix_that_is_none_is_told(admin_client: Client) -> None:
    found = errors(admin_client.post(ADD, fields(prefixes="48, 0-0")))
    assert "'0-0' is no prefix" in found["prefixes"][0]


def test_a_new_channel_begins_with_its_providers_prefixes(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("aspsms"), "default_prefixes", "00")
    form = admin_client.get(ADD).context["adminform"].form
    assert form["prefixes"].value() == "00"
    assert form["receives"].value() is True
    assert form["default_outgoing"].value() is True  # the first channel


def test_only_providers_that_take_names_ask_for_one(admin_client: Client) -> None:
    general = Channel.objects.create(
        name="G", provider="general", credentials={"api_key": "K", "api_send_url": ""}
    )
    assert "sender_name" in admin_client.get(change_url(saved())).content.decode()
    assert "sender_name" not in admin_client.get(change_url(general)).content.decode()
