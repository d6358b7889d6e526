"""A channel's page asks its provider: to call our webhook, for its templates."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel, Template
from providers import base
from providers.errors import BadCredentials

from . import chat
from .channel_forms import change_url
from .factories import ChannelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(monkeypatch: Any) -> Channel:
    def templates(self: Any) -> Any:
        return [base.Template("hello", "en", "Hello {{1}}", ("1",), status="APPROVED")]
        yield

    def connect(self: Any, webhook_url: str) -> Any:
        return f"The virtual phone calls {webhook_url} now."
        yield

    chat.dress_up(
        monkeypatch,
        templates=templates,
        connect=connect,
        own_address="[0-9]{5,20}",
        own_address_help="Enter the page's ID.",
    )
    return ChannelFactory(name="Chat")


def url(channel: Channel, what: str) -> str:
    return reverse(f"admin:channels_app_channel_{what}", args=[channel.pk])


def test_the_webhook_is_registered_by_a_button(admin_client: Client, channel: Channel) -> None:
    page = admin_client.get(change_url(channel)).content.decode()
    assert url(channel, "connect") in page
    answer = admin_client.post(url(channel, "connect")).json()
    assert answer == {"ok": True, "said": f"The virtual phone calls {channel.webhook_url} now."}
    assert admin_client.get(url(channel, "connect")).status_code == 404


def test_templates_are_brought_up_to_date_and_listed(
    admin_client: Client, channel: Channel
) -> None:
    assert "None are known yet." in admin_client.get(change_url(channel)).content.decode()
    said = admin_client.post(url(channel, "templates")).json()["said"]
    assert said.startswith("1 template, 1 can be sent; as of ")
    listed = admin_client.get("/admin/channels_app/template/").content.decode()
    assert "hello (en)" in listed and "APPROVED" in listed and "Chat" in listed
    one = Template.objects.get()
    page = admin_client.get(f"/admin/channels_app/template/{one.pk}/change/").content.decode()
    assert "Hello {{1}}" in page


def test_what_the_provider_refuses_is_said(
    admin_client: Client, channel: Channel, monkeypatch: Any
) -> None:
    def templates(self: Any) -> Any:
        raise BadCredentials("Chat: the token has expired.")
        yield

    chat.dress_up(monkeypatch, templates=templates)
    answer = admin_client.post(url(channel, "templates")).json()
    assert answer == {"ok": False, "said": "Chat: the token has expired."}


def test_nothing_is_offered_where_the_provider_has_nothing(admin_client: Client) -> None:
    plain = ChannelFactory()
    page = admin_client.get(change_url(plain)).content.decode()
    assert "data-ask" not in page
    answer = admin_client.post(url(plain, "connect")).json()
    assert not answer["ok"] and "portal" in answer["said"]


def test_a_number_of_a_network_is_checked_by_its_pattern(
    admin_client: Client, channel: Channel
) -> None:
    page = admin_client.get(change_url(channel)).content.decode()
    assert "Enter the page&#x27;s ID." in page and 'inputmode="tel"' not in page
    number = channel.numbers.model(channel=channel, value="+41791234510")
    with pytest.raises(ValidationError, match=r"does not fit\. Enter the page's ID\."):
        number.full_clean()
    number.value = " 1234567 "
    number.full_clean()
    assert number.value == "1234567"


def test_others_may_not_ask(client: Client, channel: Channel) -> None:
    assert client.post(url(channel, "connect")).status_code == 302
