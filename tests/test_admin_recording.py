"""A recorded exchange is saved as a fixture: it plays in the runner, and tells nothing private."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from providers.base import WebhookRequest
from providers.http import redact
from routing import intake
from routing.admin.disguise import Disguise
from routing.models import Customer, Exchange, Message

from .factories import ChannelFactory, MessageFactory, SessionFactory
from .providers import played
from .providers.test_fixtures import test_fixture as play

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]

SECRET, KEY = "a very secret key", "4f0c5a"
CUSTOMER, OURS = "+48600100200", "+48732000111"


def saved(client: Client, exchange: Exchange, text: str = "") -> dict[str, Any]:
    reply = client.get(
        reverse("admin:routing_exchange_fixture", args=[exchange.pk]), {"text": text}
    )
    assert reply.status_code == 200, [str(m) for m in reply.wsgi_request._messages]
    name = f"{exchange.channel.provider}-{exchange.kind}-{exchange.pk}.json"
    assert reply["Content-Disposition"] == f'attachment; filename="{name}"'
    for private in (SECRET, KEY, CUSTOMER[1:], OURS[1:], "600100200", "600 100 200"):
        assert private not in reply.content.decode()
    found: dict[str, Any] = json.loads(reply.content)
    play(played.Case(exchange.channel.provider, "saved", json.loads(reply.content)))
    return found


def visited(channel: Channel, request: WebhookRequest) -> Exchange:
    intake.receive(channel.provider, channel.webhook_token, request)
    return Exchange.objects.latest("pk")


def general() -> Channel:
    return ChannelFactory(
        provider="general",
        credentials={"api_key": SECRET, "api_send_url": "https://sms.example/send"},
    )


def envelope(text: str) -> WebhookRequest:
    payload = {
        "id": "m1",
        "from": {"phone_number": CUSTOMER},
        "to": [{"phone_number": OURS}],
        "text": text,
        "note": f"call 00{CUSTOMER[1:]} or 0600100200",
    }
    body = {"data": {"event_type": "message.received", "payload": payload}}
    return WebhookRequest(body=json.dumps(body).encode(), remote="127.0.0.1")


def test_a_webhook_is_saved_with_its_text_replaced(admin_client: Client) -> None:
    exchange = visited(general(), envelope("Zażółć, my PIN is 1234"))
    told = saved(admin_client, exchange)
    payload = told["webhook"]["body"]["data"]["payload"]
    (event,) = told["gives"]
    assert event["sender"] == payload["from"]["phone_number"] != CUSTOMER
    assert event["recipient"] == payload["to"][0]["phone_number"] != event["sender"]
    assert event["text"] == payload["text"] == "This text stands for a"
    assert "PIN" not in json.dumps(told)
    assert payload["note"] == f"call 00{event['sender'][1:]} or 0{event['sender'][2:]}"


def test_the_text_is_kept_if_wanted(admin_client: Client) -> None:
    exchange = visited(general(), envelope("Zażółć"))
    assert saved(admin_client, exchange, "keep")["gives"][0]["text"] == "Zażółć"


def test_a_form_and_its_login_are_saved(admin_client: Client) -> None:
    channel = ChannelFactory(provider="aspsms", credentials={"user_key": KEY, "password": SECRET})
    body = f"Originator={CUSTOMER[1:]}&Recipient={OURS[1:]}&MessageData=Hello+there&UserName={KEY}"
    exchange = visited(channel, WebhookRequest(body=body.encode()))
    told = saved(admin_client, exchange)
    assert told["webhook"]["form"]["UserName"] == told["credentials"]["user_key"]
    assert told["credentials"]["password"] == "made-up"


def test_a_text_that_cannot_be_replaced_is_told(admin_client: Client) -> None:
    channel = ChannelFactory(provider="aspsms", credentials={"user_key": KEY, "password": SECRET})
    hexed = "Hello there".encode("utf-16-be").hex()
    body = {"Originator": CUSTOMER, "Recipient": OURS, "MessageDataHex": hexed}
    exchange = visited(channel, WebhookRequest(body=json.dumps(body).encode()))
    page = reverse("admin:routing_exchange_fixture", args=[exchange.pk])
    reply = admin_client.get(page, follow=True)
    assert "cannot be replaced" in reply.content.decode()
    assert saved(admin_client, exchange, "keep")["gives"][0]["text"] == "Hello there"


def test_what_could_not_be_read_is_saved(admin_client: Client) -> None:
    exchange = visited(general(), WebhookRequest(body=b'{"data": {"pay'))
    told = saved(admin_client, exchange)
    assert told["raises"] == {"error": "WebhookError"}
    assert told["webhook"]["raw"] == '{"data": {"pay'


def sent(channel: Channel, outcome: str, **step: Any) -> Exchange:
    customer, _ = Customer.objects.get_or_create(address=CUSTOMER)
    session = SessionFactory(number__channel=channel, customer=customer)
    message = MessageFactory(
        session=session, answer=True, text="Your PIN is 1234", sender=OURS, recipient=CUSTOMER
    )
    call = {
        "method": "POST",
        "url": "https://sms.example/send",
        "request": json.dumps({"from": OURS, "to": CUSTOMER, "text": message.text}),
        "error": "",
        "ms": 12.0,
        **step,
    }
    calls = redact(json.dumps([call]), channel.secret_values)
    return Exchange.objects.create(
        channel=channel, message=message, kind=Exchange.SEND, outcome=outcome, calls=calls
    )


def test_an_attempt_to_send_is_saved(admin_client: Client) -> None:
    answer = json.dumps({"data": {"id": "abc", "to": CUSTOMER, "text": "Your PIN is 1234"}})
    told = saved(admin_client, sent(general(), Message.SENT, status=200, answer=answer))
    (step,) = told["exchange"]
    assert told["gives"] == "abc"
    assert step["request"]["json"] == {
        "from": told["send"]["sender"],
        "to": told["send"]["recipient"],
        "text": told["send"]["text"],
    }
    assert step["request"]["headers"] == {"Authorization": "Bearer made-up"}
    assert "PIN" not in json.dumps(told)


def test_a_refusal_and_a_silence_are_saved(admin_client: Client) -> None:
    refusal = json.dumps({"errors": [{"code": "10001", "detail": f"{CUSTOMER} is barred"}]})
    told = saved(admin_client, sent(general(), Message.FAILED, status=400, answer=refusal))
    assert told["raises"] == {"error": "Rejected", "code": "invalid_phone_number"}
    told = saved(admin_client, sent(general(), Message.UNKNOWN, status=None, answer=""))
    assert told["exchange"][0]["fails"] == "Uncertain" == told["raises"]["error"]


def test_a_check_is_saved(admin_client: Client) -> None:
    channel = ChannelFactory(provider="aspsms", credentials={"user_key": KEY, "password": SECRET})
    call = {
        "method": "POST",
        "url": "https://json.aspsms.com/CheckCredits",
        "request": json.dumps({"UserName": KEY, "Password": "•••"}),
        "status": 200,
        "answer": '{"StatusCode": "1", "StatusInfo": "OK", "Credits": "100"}',
        "error": "",
        "ms": 3.0,
    }
    exchange = Exchange.objects.create(
        channel=channel, kind=Exchange.CHECK, outcome=Exchange.OK, calls=json.dumps([call])
    )
    assert saved(admin_client, exchange)["check"] is True


def test_other_exchanges_are_refused_in_words(admin_client: Client) -> None:
    exchange = Exchange.objects.create(channel=general(), kind=Exchange.FETCH, outcome=Exchange.OK)
    page = reverse("admin:routing_exchange_fixture", args=[exchange.pk])
    assert "can be saved" in admin_client.get(page, follow=True).content.decode()


def test_the_page_offers_it_and_strangers_cannot_have_it(
    admin_client: Client, client: Client
) -> None:
    exchange = visited(general(), envelope("Hello"))
    page = reverse("admin:routing_exchange_fixture", args=[exchange.pk])
    shown = admin_client.get(reverse("admin:routing_exchange_change", args=[exchange.pk]))
    assert page in shown.content.decode()
    assert client.get(page).status_code == 302


def test_the_same_number_is_always_the_same() -> None:
    disguise = Disguise()
    disguise.meet_all_in(f"{CUSTOMER} and %2B{OURS[1:]} and {CUSTOMER}")
    assert len(disguise.numbers) == 2
    assert disguise.text(CUSTOMER) == disguise.text(CUSTOMER) != disguise.text(OURS)
    assert disguise.text(f"1{CUSTOMER[1:]}2") == f"1{CUSTOMER[1:]}2"
