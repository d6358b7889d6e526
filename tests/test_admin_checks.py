"""The button that checks credentials: what it asks, shows, keeps and proves."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import responses
from django.conf import LazySettings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from routing.models import Exchange

from .channel_forms import fields, saved

pytestmark = pytest.mark.django_db

API = "https://json.aspsms.com/CheckCredits"


def check(client: Client, query: str, form: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(reverse("admin:channels_app_channel_check") + f"?{query}", form)
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


@pytest.fixture
def provider(settings: LazySettings) -> Any:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with responses.RequestsMock() as mock:
        yield mock


def test_credentials_are_checked_before_anything_is_saved(
    admin_client: Client, provider: Any
) -> None:
    provider.post(API, json={"StatusCode": "1", "StatusInfo": "OK", "Credits": "10"})
    told = check(admin_client, "provider=aspsms", fields())
    assert told["ok"]
    assert "SECRET99" in provider.calls[0].request.body.decode()
    assert not Channel.objects.exists()
    assert not Exchange.objects.exists()


def test_the_button_shows_what_the_provider_said(admin_client: Client, provider: Any) -> None:
    provider.post(API, json={"StatusCode": "3", "StatusInfo": "Authorization SECRET99 failed."})
    told = check(admin_client, "provider=aspsms", fields())
    assert not told["ok"]
    assert "ASPSMS" in told["said"]
    assert "SECRET99" not in told["said"]


def test_the_button_asks_nobody_if_a_field_is_wrong(admin_client: Client, provider: Any) -> None:
    told = check(admin_client, "provider=aspsms", fields(credential_user_key=""))
    assert told == {"ok": False, "said": "User Key: This field is required."}


def test_a_check_of_a_saved_channel_turns_its_status(admin_client: Client, provider: Any) -> None:
    channel = saved()
    provider.post(API, json={"StatusCode": "3", "StatusInfo": "Authorization failed."})
    told = check(admin_client, f"channel={channel.pk}", fields(credential_password=""))
    channel.refresh_from_db()
    assert (channel.status, channel.fault) == (Channel.FAILED, told["said"])
    exchange = Exchange.objects.get(kind=Exchange.CHECK)
    assert exchange.outcome == Exchange.REFUSED
    assert "SECRET99" not in exchange.calls
    assert exchange.steps[0]["url"] == API


def test_a_check_of_unsaved_credentials_proves_nothing_about_the_saved(
    admin_client: Client, provider: Any
) -> None:
    channel = saved()
    provider.post(API, json={"StatusCode": "1", "StatusInfo": "OK"})
    told = check(admin_client, f"channel={channel.pk}", fields(credential_password="OTHER88"))
    channel.refresh_from_db()
    assert told["said"].endswith("Save to use them.")
    assert channel.status == Channel.UNCHECKED
    assert channel.credentials["password"] == "SECRET99"
    assert "OTHER88" not in Exchange.objects.get().calls


def test_only_who_may_change_a_channel_may_check_it(client: Client) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_channel"))
    client.force_login(user)
    url = reverse("admin:channels_app_channel_check")
    assert client.post(f"{url}?channel={saved().pk}", fields()).status_code == 403
    assert client.post(f"{url}?provider=aspsms", fields()).status_code == 403


def test_a_name_that_cannot_be_found_is_told_as_such(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    told = check(admin_client, "provider=aspsms", fields())
    assert told["said"] == "json.aspsms.com cannot be reached: Name or service not known."


def test_a_provider_that_was_not_asked_proves_nothing(admin_client: Client) -> None:
    channel = Channel.objects.create(
        name="Trunk", provider="general", credentials={"api_key": "KEY"}
    )
    form = {"credential_api_send_url": "https://sms.example/send"}
    told = check(admin_client, f"channel={channel.pk}", form)
    assert "no address for verifying" in told["said"]
    channel.refresh_from_db()
    assert channel.status == Channel.UNCHECKED
