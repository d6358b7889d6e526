"""The Polish gateways at the doors of the desk: what they call, and what administrators type."""

from __future__ import annotations

import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from channels_app.models import Channel
from routing.models import Attachment, Held, Message

from .channel_forms import errors, fields
from .factories import (
    ChannelFactory,
    CustomerFactory,
    MessageFactory,
    NumberFactory,
    RuleFactory,
    SessionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]

OURS = "+48221234510"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def channel_of(provider: str, **credentials: str) -> Channel:
    channel = ChannelFactory(provider=provider, credentials=credentials)
    RuleFactory(number=NumberFactory(channel=channel, value=OURS))
    return channel


def test_smsapi_brings_an_mms_once_however_often_it_repeats_it(client: Client) -> None:
    channel = channel_of("smsapi", token="TOKEN")
    for _ in range(2):
        sent = {"mms_from": "48500100200", "mms_to": "48221234510", "mms_date": "1772445600"}
        sent["file"] = SimpleUploadedFile("menu.png", PNG, "image/png")
        answer = client.post(channel.webhook_path + "/mms", sent)
        assert (answer.status_code, answer.content) == (200, b"OK")
    assert Message.objects.get().sender == "+48500100200"
    assert Attachment.objects.get().file.read() == PNG


def test_an_mms_that_nobody_can_read_is_held_and_not_asked_for_again(client: Client) -> None:
    channel = channel_of("smsapi", token="TOKEN")
    answer = client.post(channel.webhook_path + "/mms", {"part": "xyz"})
    assert (answer.status_code, Message.objects.count()) == (200, 0)
    assert "does not name its sender" in Held.objects.get().error


def test_one_call_of_smsapi_reports_about_several_messages(client: Client) -> None:
    channel = channel_of("smsapi", token="TOKEN")
    number = channel.numbers.get()
    sent = [
        MessageFactory(
            session=SessionFactory(number=number, customer=CustomerFactory()),
            answer=True,
            status=Message.SENT,
            provider_id=own_id,
        )
        for own_id in ("11", "12", "13")
    ]
    answer = client.get(channel.webhook_path, {"MsgId": "11,12,13", "status": "404,405,408"})
    assert answer.content == b"OK"
    for message in sent:
        message.refresh_from_db()
    assert [each.status for each in sent] == ["delivered", "failed", "sent"]
    assert sent[1].reason == "SMSAPI: the network did not deliver it (405)."


def test_serwersms_calls_the_address_that_somebody_typed(client: Client) -> None:
    channel = channel_of("serwersms", token="TOKEN")
    query = "numer=%2B48500600700&wiadomosc=Dzie%F1+dobry&data=%23DATA%23&na_numer=48221234510"
    answer = client.get(f"{channel.webhook_path}?{query}")
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert Message.objects.get().text == "Dzień dobry"


TYPED = {
    "smsapi": {"token": "TOKEN"},
    "serwersms": {"username": "me", "password": "SECRET99", "asks": "NDI mms"},
    "justsend": {"api_key": "KEY", "generation": "v2", "received": "sender = from"},
    "peoplefone": {"api_key": "KEY"},
    "mobitex": {"username": "me", "password": "SECRET99"},
    "plivo": {"auth_id": "MAX", "auth_token": "TOKEN"},
    "sinch": {"region": "eu", "plan": "P", "api_token": "TOKEN"},
}


@pytest.mark.parametrize("provider", TYPED)
def test_a_channel_is_set_up_in_the_admin(admin_client: Client, provider: str) -> None:
    page = f"/admin/channels_app/channel/add/?provider={provider}"
    shown = admin_client.get(page).content.decode()
    assert f"/webhook/{provider}/" in shown
    assert "{webhook_" not in shown
    typed = {f"credential_{name}": value for name, value in TYPED[provider].items()}
    answer = admin_client.post(page, fields(**typed))
    assert answer.status_code == 302, errors(answer)
    assert Channel.objects.get().provider == provider


@pytest.mark.parametrize(
    "provider, typed, said",
    [
        ("smsapi", {}, "Enter a token, or a login and its password."),
        ("serwersms", {"token": "T", "asks": "ndi, sms"}, "'sms' is none of ndi, nd, eco, mms."),
        (
            "mobitex",
            {"username": "me", "password": "short", "password_is_md5": "on"},
            "An MD5 has 32 digits and letters from a to f.",
        ),
        ("justsend", {"api_key": "K", "received": "who = from"}, "'who' is not known here"),
        ("sinch", {"region": "eu", "plan": "P"}, "Enter an API token, or a key ID"),
    ],
)
def test_mistakes_are_told_in_words(
    admin_client: Client, provider: str, typed: dict[str, str], said: str
) -> None:
    page = f"/admin/channels_app/channel/add/?provider={provider}"
    typed = {f"credential_{name}": value for name, value in typed.items()}
    found = errors(admin_client.post(page, fields(**typed)))
    assert any(said in each for listed in found.values() for each in listed), found


def test_the_password_of_smsapi_is_kept_as_its_md5(admin_client: Client) -> None:
    page = "/admin/channels_app/channel/add/?provider=smsapi"
    admin_client.post(page, fields(credential_username="me", credential_password="a"))
    kept = Channel.objects.get().credentials["password"]
    assert kept == "0cc175b9c0f1b6a831c399e269772661"
