"""Whose key it is: what is refused, in which words, and that no log holds it."""

from __future__ import annotations

import base64
import logging
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from routing import upkeep
from routing.models import ApiToken, Door

from ..scene import Scene
from .conftest import Api, service, token


def code(api: Api, path: str = "sessions", status: int = 401) -> str:
    answer = api("get", path)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return str(answer.json()["code"])


def test_each_refusal_has_its_code(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent, (_, key) = Api(token(scene.first), scene), service()
    shop = Api(key, scene)
    assert code(Api("", scene)) == "no_key"
    assert code(Api("parley_wrong", scene)) == code(Api("wrong", scene)) == "wrong_key"
    assert agent.get("sessions") and shop.get("sessions")
    few = Api(token(scene.first, scopes=["messages:send"]), scene)
    assert code(few, status=403) == "missing_scope"
    late = Api(token(scene.first, expires_at=timezone.now() - timedelta(seconds=1)), scene)
    assert code(late) == "key_expired"
    ApiToken.objects.with_key(agent.key).revoke()
    assert code(agent) == "key_revoked"
    ben = Api(token(scene.second), scene)
    scene.second.user.is_active = False
    scene.second.user.save()
    assert code(ben, status=403) == "switched_off"
    Door.objects.update(denied="127.0.0.1")
    assert code(shop, status=403) == "not_from_here"
    Door.objects.update(active=False)
    assert code(shop, status=403) == "switched_off"
    for each in (agent, shop, few, late, ben):
        assert each.key not in caplog.text
    assert "127.0.0.1 was refused: key_revoked" in caplog.text


def test_only_hashes_are_kept_and_the_old_key_works_for_a_day(scene: Scene) -> None:
    first = Api(token(scene.first), scene)
    made = ApiToken.objects.get()
    assert first.key not in str(ApiToken.objects.values())
    second = Api(made.set_key(), scene)
    made.save()
    assert first.get("sessions") and second.get("sessions")
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert code(first) == "wrong_key"
        assert second.get("sessions")
    made.refresh_from_db()
    assert made.last_used_from == "127.0.0.1"


def test_who_guesses_has_to_wait_and_who_is_known_has_not(scene: Scene) -> None:
    agent = Api(token(scene.first), scene)
    agent.get("sessions")
    guessed = [code(Api(f"guess{n}", scene)) for n in range(10)]
    assert set(guessed) == {"wrong_key"}
    answer = Api("guess11", scene)("get", "sessions")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_wrong_keys")
    assert int(answer["Retry-After"]) >= 1
    assert agent.get("sessions")


def test_the_limit_of_a_key_is_told_and_held(scene: Scene) -> None:
    shop = Api(service(per_second=0.01)[1], scene)
    first = shop("get", "sessions")
    assert first["RateLimit-Policy"] == '"key";q=1;w=100'
    assert first["RateLimit"].startswith('"key";r=0;t=')
    last = shop("get", "sessions")
    assert (last.status_code, last.json()["code"]) == (429, "too_many_requests")
    assert 90 <= int(last["Retry-After"]) <= 101
    assert last["RateLimit"].startswith('"key";r=0;')
    assert Api(service("Another")[1], scene).get("sessions")


def test_a_day_of_a_service_ends(scene: Scene) -> None:
    shop = Api(service(per_day=1)[1], scene)
    assert shop.post("messages", {"to": "+41791110000", "text": "1"}, 201)
    refused = shop.post("messages", {"to": "+41791110000", "text": "2"}, 429)
    assert refused["code"] == "too_many_messages"


def exchange(client_id: str, key: str, **more: str) -> tuple[int, dict]:
    basic = base64.b64encode(f"{client_id}:{key}".encode()).decode()
    answer = Client().post(
        "/api/v1/oauth/token",
        {"grant_type": "client_credentials", **more},
        headers={"Authorization": f"Basic {basic}"},
    )
    return answer.status_code, answer.json()


def test_a_service_exchanges_its_key_for_a_token_of_an_hour(scene: Scene) -> None:
    _, key = service("crm", scopes=["sessions:read", "messages:send"])
    status, found = exchange("crm", key, scope="sessions:read")
    assert (status, found["expires_in"], found["scope"]) == (200, 3600, "sessions:read")
    hour = Api(found["access_token"], scene)
    assert hour.get("sessions")
    assert code(hour, "messages", 403) == "missing_scope"
    assert found["access_token"] not in str(AccessToken.objects.values())
    assert exchange("crm", key, scope="webhooks:write")[1]["error"] == "invalid_scope"
    assert exchange("crm", "wrong")[1]["error"] == "invalid_client"
    assert exchange("nobody", key)[0] == 401
    form = {"grant_type": "client_credentials", "client_id": "crm", "client_secret": key}
    assert Client().post("/api/v1/oauth/token", form).status_code == 200
    for grant in ("password", "authorization_code"):
        assert exchange("crm", key, grant_type=grant, username="x", password="y")[0] == 400
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert code(hour) == "key_expired"
        upkeep.clean_rest()
        assert code(hour) == "wrong_key"
    _, found = exchange("crm", key)
    Door.objects.update(scopes=["messages:send"])
    assert code(Api(found["access_token"], scene), status=403) == "missing_scope"


def test_who_guesses_at_the_token_address_has_to_wait(scene: Scene) -> None:
    _, key = service("crm")
    for _ in range(10):
        assert exchange("crm", "wrong")[0] == 401
    assert exchange("crm", key)[1]["code"] == "too_many_wrong_keys"
