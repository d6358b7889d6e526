"""Webhooks under the paths that other desks' documentation names, by both kinds of server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from django.db import connections
from django.test import Client

from channels_app.models import Channel
from config import asgi
from routing.models import Exchange, Held, Message
from routing.webhooks import Place, place_of

from . import scene
from .channel_forms import change_url
from .serving import serve

TOKEN = "0123456789abcdef" * 2
START = "/panel/tickets/incoming/smsapi"


@pytest.mark.parametrize(
    ("path", "query", "tail", "left"),
    [
        (f"/api/v1.0/webhook/smsapi/{TOKEN}", "a=1", "", "a=1"),
        (f"/api/v1.0/webhook/smsapi/{TOKEN}/dlr/1", "", "dlr/1", ""),
        (f"{START}/{TOKEN}", "a=1", "", "a=1"),
        (f"{START}/{TOKEN}/mms", "", "mms", ""),
        (START, f"secret={TOKEN}", "", ""),
        (f"{START}/", f"a=1&secret={TOKEN}&b=2", "", "a=1&b=2"),
        (f"{START}/mms", f"secret={TOKEN}", "mms", ""),
        (f"{START}/{TOKEN}", f"secret={TOKEN}", "", f"secret={TOKEN}"),
    ],
)
def test_an_address_leads_to_its_channel(path: str, query: str, tail: str, left: str) -> None:
    assert place_of(path, query) == Place("smsapi", TOKEN, tail, left)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (START, ""),
        (START, "secret=short"),
        (START, f"secret={TOKEN.upper()}"),
        (f"{START}/mms", "a=1"),
        ("/panel/tickets/incoming/", f"secret={TOKEN}"),
        ("/panel/tickets/incoming/UPPER", f"secret={TOKEN}"),
        (f"/api/v1.0/webhook/smsapi/{TOKEN}0", ""),
        ("/api/v1.0/webhook/smsapi", f"secret={TOKEN}"),
    ],
)
def test_an_address_without_its_secret_leads_nowhere(path: str, query: str) -> None:
    assert place_of(path, query) is None


Post = Callable[[str, bytes], tuple[int, str]]


@pytest.fixture(params=["wsgi", "asgi"])
def post(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[Post]:
    if request.param == "wsgi":
        client = Client()

        def by_view(path: str, body: bytes) -> tuple[int, str]:
            answer = client.post(path, body, content_type="application/json")
            return answer.status_code, answer.content.decode()

        yield by_view
        return
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    with serve(asgi.application) as address:

        def by_network(path: str, body: bytes) -> tuple[int, str]:
            headers = {"Content-Type": "application/json"}
            answer = requests.post(address + path, body, headers=headers, timeout=30)
            return answer.status_code, answer.text

        yield by_network


@pytest.mark.parametrize("form", range(4))
def test_a_message_comes_in_by_each_form_of_the_address(
    post: Post, form: int, real_committer: Any, settings: Any
) -> None:
    settings.CHANNEL_CACHE_SECONDS = 0
    house = scene.build()
    path = house.channel.incoming_urls[form].removeprefix(settings.PUBLIC_URL)
    body = {"type": "message", "from": scene.CUSTOMER, "to": scene.OURS, "text": "Hi", "id": "7"}
    assert post(path, json.dumps(body).encode()) == (200, "OK")
    assert Message.objects.get().text == "Hi"
    assert house.channel.webhook_token not in Exchange.objects.get().calls


def test_the_secret_is_not_kept_with_a_held_request(
    post: Post, real_committer: Any, settings: Any
) -> None:
    settings.CHANNEL_CACHE_SECONDS = 0
    house = scene.build()
    path = f"/panel/tickets/incoming/sandbox?x=1&secret={house.channel.webhook_token}"
    assert post(path, b"garbage")[0] == 400
    assert Held.objects.get().query == "x=1"


def test_a_wrong_secret_finds_nobody(post: Post) -> None:
    scene.build()
    assert post(f"/panel/tickets/incoming/sandbox?secret={TOKEN}", b"{}")[0] == 404
    assert post("/panel/tickets/incoming/sandbox", b"{}")[0] == 404


@pytest.mark.django_db
def test_the_channels_page_shows_every_form(admin_client: Client) -> None:
    channel = Channel.objects.create(name="G", provider="general", credentials={"api_key": "K"})
    page = admin_client.get(change_url(channel)).content.decode()
    assert all(url in page for url in channel.incoming_urls)
    assert len(channel.incoming_urls) == 4
