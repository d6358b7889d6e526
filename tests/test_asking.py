"""What providers are asked: their templates, customers' names, to call our webhook."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app.models import Template
from providers import base
from providers.errors import BadCredentials, Rejected, Unavailable
from routing import asking
from routing.models import Customer, Exchange

from . import chat, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]

HELLO = base.Template("hello", "en", "Hello {{1}}", ("1",), "UTILITY", "APPROVED", True, {"a": 1})


def answers(value: Any) -> Any:
    """A question that is answered with this, or raises it."""

    def question(self: Any, *args: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value(*args) if callable(value) else value
        yield

    return question


def test_our_copy_of_the_templates_follows_the_provider(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch, templates=answers([HELLO]))
    gone = chat.template(house.channel)
    assert asking.sync_templates(house.channel) == 1
    first = Template.objects.get()
    assert first.described == HELLO
    assert not Template.objects.filter(pk=gone.pk).exists()
    paused = base.Template("hello", "en", "Hi {{1}}", ("1",), "UTILITY", "PAUSED", False)
    chat.dress_up(monkeypatch, templates=answers([paused]))
    assert asking.sync_all_templates() == 1
    again = Template.objects.get()
    assert (again.pk, again.body, again.usable, again.parts) == (first.pk, "Hi {{1}}", False, None)
    assert list(Exchange.objects.values_list("kind", "outcome")) == [("poll", "ok")] * 2


def test_templates_stay_when_the_provider_refuses(monkeypatch: Any) -> None:
    house = scene.build(credentials={"behaviour": "answers"})
    chat.template(house.channel)
    chat.dress_up(monkeypatch, templates=answers(BadCredentials("Example: wrong token")))
    with pytest.raises(BadCredentials):
        asking.sync_templates(house.channel)
    assert asking.sync_all_templates() == 0
    assert Template.objects.count() == 1
    assert Exchange.objects.first().reason == "Example: wrong token"


def test_a_new_customers_name_is_asked_for_once(monkeypatch: Any) -> None:
    house = scene.build()
    names: list[str] = []

    def told(customer: str) -> str:
        names.append(customer)
        return "Ida Q." if customer == "ida" else ""

    chat.dress_up(monkeypatch, profile=answers(told))
    for n, customer in enumerate(("ida", "leo")):
        house.customer_writes(id=str(n), **{"from": customer})
    assert asking.get_names() == 1
    assert asking.get_names() == 0
    assert sorted(names) == ["ida", "leo"]
    assert str(Customer.objects.get(address="ida")) == "Ida Q."


def test_a_name_is_asked_for_again_only_if_the_provider_was_away(monkeypatch: Any) -> None:
    house = scene.build()
    house.customer_writes(**{"from": "+12025550142"})
    assert asking.get_names() == 0  # the virtual phone has no names
    Customer.objects.update(network="chat")
    chat.dress_up(monkeypatch, profile=answers(Unavailable("away")))
    assert asking.get_names() == 0
    chat.dress_up(monkeypatch, profile=answers(Rejected("no permission")))
    assert asking.get_names() == 0
    chat.dress_up(monkeypatch, profile=answers("Ida"))
    assert asking.get_names() == 0
    assert [each.reason for each in Exchange.objects.filter(kind="poll")] == [
        "no permission", "away"
    ]  # fmt: skip
    Customer.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert asking.get_names() == 0


def test_a_stranger_rings_for_names_and_an_old_customer_does_not(monkeypatch: Any) -> None:
    house = scene.build()
    rung: list[str] = []
    monkeypatch.setattr("routing.outbox.ring_for", rung.append)
    house.customer_writes(id="0", **{"from": "ida"})
    chat.dress_up(monkeypatch, profile=answers("Ida"))
    for n in ("1", "2"):
        house.customer_writes(id=n, **{"from": "leo"})
    assert rung == ["routing.get_names"]


def test_the_webhook_is_registered(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch, connect=answers(lambda url: f"Registered {url}."))
    assert asking.connect(house.channel) == f"Registered {house.channel.webhook_url}."
