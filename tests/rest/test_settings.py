"""Keys and webhooks in the admin, and an agent's own tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from routing import forwarding
from routing.models import ApiToken, Delivery, Door, PlatformEvent, Webhook

from ..scene import Scene
from .conftest import Api, service, token


@pytest.fixture(autouse=True)
def _private(settings: Any) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True


def signed_in(scene: Scene) -> Client:
    client = Client()
    client.force_login(scene.first.user)
    return client


def key_on(page: str) -> str:
    found = re.search(r'id="token-key"[^>]* value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_an_agent_makes_renews_and_revokes_a_token(scene: Scene) -> None:
    client, page = signed_in(scene), reverse("tokens")
    assert client.get(page).status_code == 200
    assert client.post(page, {"name": "Script"}).status_code == 422
    assert client.post(page, {"scopes": ["sessions:read"]}).status_code == 422
    wanted = {"name": "Script", "scopes": ["sessions:read"], "days": "30"}
    first = key_on(client.post(page, wanted).content.decode())
    made = ApiToken.objects.get()
    left = made.expires_at - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    shown = client.get(page).content.decode()
    assert first not in shown and f"ends in {first[-4:]}" in shown and "Never used." in shown
    assert Api(first, scene).get("sessions")
    renewed = client.post(reverse("token-renew", args=[made.pk])).content.decode()
    assert key_on(renewed) != first
    client.post(reverse("token-revoke", args=[made.pk]))
    assert Api(key_on(renewed), scene).get("sessions", 401)["code"] == "key_revoked"
    token(scene.second)
    foreign = ApiToken.objects.latest("pk").pk
    for name in ("token-renew", "token-revoke"):
        assert client.post(reverse(name, args=[foreign])).status_code == 404


def test_an_administrator_ends_tokens_but_sees_no_key(scene: Scene, admin_client: Client) -> None:
    key = token(scene.first)
    listed = admin_client.get(reverse("admin:routing_apitoken_changelist"))
    assert key not in listed.content.decode() and f"ends in {key[-4:]}" in listed.content.decode()
    chosen = {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk]}
    admin_client.post(reverse("admin:routing_apitoken_changelist"), chosen)
    assert Api(key, scene).get("sessions", 401)["code"] == "key_revoked"
    assert admin_client.get("/admin/oauth2_provider/accesstoken/").status_code == 404


def test_a_service_is_a_door_with_scopes(scene: Scene, admin_client: Client) -> None:
    wanted = {"name": "CRM", "kind": "rest", "active": "on", "scopes": ["sessions:read"]}
    add = reverse("admin:routing_door_add")
    refused = admin_client.post(add, {**wanted, "webhook": "http://127.0.0.1/x"})
    assert refused.status_code == 200
    assert admin_client.post(add, wanted).status_code == 302
    door = Door.objects.get()
    key = admin_client.post(reverse("admin:routing_door_key", args=[door.pk])).json()["key"]
    assert Api(key, scene).get("sessions")
    door.refresh_from_db()
    page = admin_client.get(reverse("admin:routing_door_change", args=[door.pk]))
    assert (
        door.client_id in page.content.decode() and "/api/v1/oauth/token" in page.content.decode()
    )
    assert admin_client.post(add, {**wanted, "name": "x", "kind": "ozeki"}).status_code == 200


def test_a_webhook_is_made_tried_and_replayed(scene: Scene, admin_client: Client) -> None:
    add = reverse("admin:routing_webhook_add")
    wanted = {"name": "CRM", "active": "on", "url": "http://127.0.0.1:9/x"}
    assert admin_client.post(add, {**wanted, "url": "ftp://x"}).status_code == 200
    assert admin_client.post(add, {**wanted, "kinds": ["message.received"]}).status_code == 302
    made = Webhook.objects.get()
    change = reverse("admin:routing_webhook_change", args=[made.pk])
    assert made.secret not in admin_client.get(change).content.decode()

    def press(name: str, **form: str) -> Any:
        return admin_client.post(reverse(f"admin:routing_webhook_{name}", args=[made.pk]), form)

    assert press("secret").json()["secret"] == made.secret
    assert press("renew").status_code == press("test").status_code == 302
    assert PlatformEvent.objects.get().session is None
    made.refresh_from_db()
    assert len(made.receiver.keys) == 2
    scene.customer_writes()
    service()
    forwarding.number_all()
    assert press("replay", hours="1").status_code == 302
    assert PlatformEvent.objects.count() == 3
    Delivery.objects.create(
        webhook=made,
        event=PlatformEvent.objects.first(),
        kind="message.received",
        attempt=1,
        status=500,
        taken=False,
        said="no",
        took_ms=5,
    )
    assert "HTTP 500" in admin_client.get(change).content.decode()
    assert admin_client.get(reverse("admin:routing_delivery_changelist")).status_code == 200
    assert admin_client.get(reverse("admin:routing_webhook_changelist")).status_code == 200
    assert admin_client.post(change, {**wanted, "url": "http://127.0.0.1:8/y"}).status_code == 302
    made = Webhook.objects.get()
    assert (made.url, made.kinds) == ("http://127.0.0.1:8/y", [])
    admin_client.post(reverse("admin:routing_webhook_delete", args=[made.pk]), {"post": "yes"})
    assert not Webhook.objects.exists() and not PlatformEvent.objects.exists()
