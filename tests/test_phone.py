"""The virtual phone's page: who may see it, and what it shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_app.models import Number
from routing.models import Message

from .factories import (
    ChannelFactory,
    CustomerFactory,
    MessageFactory,
    NumberFactory,
    SessionFactory,
    User,
)
from .files.examples import store

pytestmark = pytest.mark.django_db
CUSTOMER = "+41791112233"


@pytest.fixture
def number(settings: Any, tmp_path: Any) -> Number:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path
    return NumberFactory(value="+41791234510")


def test_open_to_all_in_the_demo_and_to_staff_otherwise(number: Number, settings: Any) -> None:
    assert Client().get("/phone/").status_code == 200
    settings.DEMO = False
    assert Client().get("/phone/").headers["Location"].startswith("/login/")
    client = Client()
    client.force_login(User())
    assert client.get("/phone/").status_code == 404
    client.force_login(User(is_staff=True))
    assert client.get("/phone/").status_code == 200


def test_only_virtual_channels_are_reachable(number: Number) -> None:
    real = NumberFactory(value="+41440009999", channel=ChannelFactory(provider="general"))
    page = Client().get(f"/phone/?number={real.pk}").content.decode()
    assert number.value in page and real.value not in page
    address = f"/phone/messages/?number={real.pk}&customer=%2B41791112233"
    assert Client().get(address).status_code == 404
    answer = Client().post(f"/phone/behaviour/{real.channel_id}/", {"behaviour": "refuses"})
    assert answer.status_code == 404


def test_shows_what_the_customer_would_see(number: Number) -> None:
    session = SessionFactory(number=number, customer=CustomerFactory(address=CUSTOMER))
    said = MessageFactory(session=session, text="Is it on?")
    store(said, "p.png", "image/png", b"\x89PNG\r\n\x1a\n0")
    MessageFactory(session=session, answer=True, text="Not yet", status=Message.QUEUED)
    MessageFactory(session=session, answer=True, text="Lost", status=Message.FAILED)
    MessageFactory(
        session=session, answer=True, text="Yes", status=Message.SENT, provider_id="sbx-1"
    )
    MessageFactory(
        session=session, answer=True, text="Old", status=Message.DELIVERED, provider_id="sbx-2"
    )
    MessageFactory(session=session, direction=Message.SYSTEM, text="Anna picked up")
    MessageFactory(text="Another customer's")
    address = f"/phone/messages/?number={number.pk}&customer=%2B41791112233"
    page = Client().get(address).content.decode()
    for there in ("Is it on?", "Yes", "Old", 'data-report="sbx-1"', 'src="/files/'):
        assert there in page
    for absent in ("Not yet", "Lost", "Anna picked up", "Another", "sbx-2"):
        assert absent not in page


def test_behaviour_is_kept_and_nonsense_refused(number: Number) -> None:
    address = f"/phone/behaviour/{number.channel_id}/"
    assert Client().post(address, {"behaviour": "refuses"}).status_code == 302
    number.channel.refresh_from_db()
    assert number.channel.credentials["behaviour"] == "refuses"
    assert Client().post(address, {"behaviour": "dances"}).status_code == 422


def test_wrong_own_number_is_told(number: Number) -> None:
    page = Client().get("/phone/?customer=me").content.decode()
    assert "is not a phone number" in page and 'role="alert"' in page


def test_without_a_sandbox_number_it_says_what_to_do(settings: Any) -> None:
    settings.DEMO = True
    assert "No sandbox number" in Client().get("/phone/").content.decode()
