"""Doors in the admin: made, given a key that is shown once, pointed, limited, closed, deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from routing.models import Door, Platform, PlatformEvent, Rule

from .factories import MessageFactory, NumberFactory, QueueFactory, RuleFactory, SessionFactory

pytestmark = pytest.mark.django_db
ADD = reverse("admin:routing_door_add")


@pytest.fixture(autouse=True)
def _private(settings: Any) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True


def form(**changes: Any) -> dict[str, Any]:
    fields = {"name": "Branch PBX", "kind": "yeastar_sms", "active": "on"}
    return {**fields, "sender": str(NumberFactory().pk), **changes}


def made(client: Client, **changes: Any) -> Door:
    answer = client.post(ADD, form(**changes))
    assert answer.status_code == 302, answer.context["errors"]
    return Door.objects.get()


def page_of(door: Door, name: str = "change") -> str:
    return reverse(f"admin:routing_door_{name}", args=[door.pk])


def test_a_door_is_made_and_pointed(admin_client: Client) -> None:
    door = made(admin_client, webhook="http://127.0.0.1/hook", per_second="0.5", per_day="10")
    assert (door.receiver.url, door.receiver.form) == ("http://127.0.0.1/hook", "yeastar_sms")
    assert (float(door.per_second), door.per_day, door.key_hash) == (0.5, 10, "")
    page = admin_client.get(page_of(door)).content.decode()
    assert "nobody can come in" in page and "/api/v1/integration/yeastar/sms/sendmessage" in page
    changed = form(sender=str(door.sender_id), webhook="")
    assert admin_client.post(page_of(door), changed).status_code == 302
    door.receiver.refresh_from_db()
    assert door.receiver.url == ""


def test_a_key_is_shown_once_and_replaced(admin_client: Client) -> None:
    door = made(admin_client)
    answer = admin_client.post(page_of(door, "key"))
    assert "no-store" in answer["Cache-Control"]
    first = answer.json()["key"]
    page = admin_client.get(page_of(door)).content.decode()
    assert first not in page and f"ends in {first[-4:]}" in page
    assert "End the old key now" not in page
    second = admin_client.post(page_of(door, "key")).json()["key"]
    door.refresh_from_db()
    assert door.fits(first) and door.fits(second)
    assert "End the old key now" in admin_client.get(page_of(door)).content.decode()
    admin_client.post(page_of(door, "old"))
    door.refresh_from_db()
    assert door.fits(second) and not door.fits(first)


def test_the_secret_is_shown_when_asked_for_and_renewed(admin_client: Client) -> None:
    door = made(admin_client)
    first = admin_client.post(page_of(door, "secret")).json()["secret"]
    assert first not in admin_client.get(page_of(door)).content.decode()
    admin_client.post(page_of(door, "renew"))
    assert admin_client.post(page_of(door, "secret")).json()["secret"] != first


@pytest.mark.parametrize("name", ["key", "old", "secret", "renew"])
def test_who_may_only_look_gets_no_key(client: Client, admin_client: Client, name: str) -> None:
    door = made(admin_client)
    user = User.objects.create(username="looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_door"))
    client.force_login(user)
    assert client.get(page_of(door)).status_code == 200
    assert client.post(page_of(door, name)).status_code == 403
    assert admin_client.get(page_of(door, name)).status_code == 403


def test_users_keep_their_passwords_unseen(admin_client: Client) -> None:
    ozeki = {"kind": "ozeki", "extension": "9994"}
    door = made(admin_client, **ozeki, logins="anna secret word\nben other")
    assert door.users == {"anna": "secret word", "ben": "other"}
    page = admin_client.get(page_of(door)).content.decode()
    assert "secret word" not in page and "anna" in page and "/ozeki" in page
    changed = form(sender=str(door.sender_id), **ozeki, logins="anna\ncarl third")
    admin_client.post(page_of(door), changed)
    door.refresh_from_db()
    assert door.users == {"anna": "secret word", "carl": "third"}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"sender": ""}, "sender", "Choose the number"),
        ({"kind": "ozeki"}, "extension", "API extension"),
        ({"kind": "openapi"}, "client_id", "Enter a client ID"),
        ({"kind": "ozeki", "extension": "1", "logins": "anna"}, "logins", "password behind anna"),
        ({"webhook": "ftp://x"}, "webhook", "is not an http"),
        ({"allowed": "here"}, "allowed", "neither an IP address"),
        ({"per_second": "0"}, "per_second", "above 0"),
    ],
)
def test_mistakes_are_told(admin_client: Client, changes: Any, field: str, said: str) -> None:
    answer = admin_client.post(ADD, form(**changes))
    assert said in str(answer.context["adminform"].form.errors[field])


def test_a_chat_channels_name_is_no_sender(admin_client: Client) -> None:
    number = NumberFactory(channel__provider="telegram", value="our_bot")
    answer = admin_client.post(ADD, form(sender=str(number.pk)))
    assert "no text messages" in str(answer.context["adminform"].form.errors)


def test_receivers_are_no_platforms(admin_client: Client) -> None:
    door = made(admin_client, webhook="http://127.0.0.1/hook")
    assert not Platform.objects.exists() and door.receiver
    listed = admin_client.get(reverse("admin:routing_platform_changelist"))
    assert f"Door {door.pk}:" not in listed.content.decode()
    assert (
        "Branch PBX" in admin_client.get(reverse("admin:routing_door_changelist")).content.decode()
    )


def test_what_was_given_up_is_sent_again_from_the_events(admin_client: Client) -> None:
    door = made(admin_client, webhook="http://127.0.0.1/hook")
    message = MessageFactory()
    event = PlatformEvent.objects.create(
        platform=door.receiver, session=message.session, message=message
    )
    PlatformEvent.objects.update(failed_at=message.created_at, reason="no")
    page = reverse("admin:routing_platformevent_changelist")
    assert f"Door {door.pk}: Branch PBX" in admin_client.get(page).content.decode()
    admin_client.post(page, {"action": "send_again", "_selected_action": [event.pk]})
    event.refresh_from_db()
    assert (event.failed_at, event.attempts) == (None, 0)


def test_a_door_goes_with_its_receiver(admin_client: Client) -> None:
    door = made(admin_client, webhook="http://127.0.0.1/hook")
    page = reverse("admin:routing_door_delete", args=[door.pk])
    assert admin_client.post(page, {"post": "yes"}).status_code == 302
    assert not Door.objects.exists() and not Platform.everyone.exists()


def test_a_system_at_the_open_api_is_a_platform_that_numbers_lead_to(admin_client: Client) -> None:
    page = admin_client.get(ADD).content.decode()
    assert "Yeastar&#x27;s Open API" in page or "Yeastar's Open API" in page
    door = made(admin_client, name="CRM", kind="openapi", sender="", client_id="crm")
    assert (door.receiver.name, door.receiver.form) == ("CRM", "openapi")
    page = admin_client.get(page_of(door)).content.decode()
    assert "/openapi/v1.0" in page and "Client secret" in page and "id_extension" not in page
    secret = admin_client.post(page_of(door, "key")).json()["key"]
    door.refresh_from_db()
    assert door.fits(secret)
    listed = admin_client.get(reverse("admin:routing_platform_changelist")).content.decode()
    assert "CRM" not in listed  # it is set up as a door
    rule = RuleFactory(queue=None, platform=door.receiver)
    refused = admin_client.post(page_of(door, "delete"), {"post": "yes"}, follow=True)
    assert str(rule.number) in refused.content.decode() and Door.objects.exists()
    queue = QueueFactory()
    session = SessionFactory(number=rule.number, platform=door.receiver, queue=None)
    Rule.objects.filter(pk=rule.pk).update(platform=None, queue=queue)
    admin_client.post(page_of(door, "delete"), {"post": "yes"})
    session.refresh_from_db()
    assert not Platform.everyone.exists() and session.queue == queue
