"""Secrets are cut out of the log in whatever form they travel."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from channels_app.models import Channel
from providers import base, http, registry
from providers.http.exchange import redact

MESSAGE = base.Outbound("+447520651116", "+447520652221", "Hi", "ref1")


class Replay(http.Carrier):
    """Answers with these bodies, one after the other."""

    def __init__(self, *bodies: bytes, status: int = 200) -> None:
        super().__init__()
        self.bodies, self.status = list(bodies), status

    def perform(self, call: base.Call) -> base.Answer:
        return base.Answer(self.status, {}, self.bodies.pop(0))


def sinch() -> base.Provider:
    project = {"region": "eu", "plan": "proj", "key_id": "KEY", "key_secret": "SECRET"}
    return registry.get("sinch")(project)


def test_a_fetched_token_is_not_logged_and_serves_again() -> None:
    provider, calls = sinch(), []
    token = b'{"access_token": "FRESH", "expires_in": 3599}'
    carrier = Replay(token, b'{"id": "b1"}', b'{"id": "b2"}')
    assert carrier.run(provider.send(MESSAGE), calls) == "b1"
    assert carrier.run(provider.send(MESSAGE), calls) == "b2"
    assert [call["answer"] for call in calls] == ["•••", '{"id": "b1"}', '{"id": "b2"}']
    assert "FRESH" not in str(calls)


def test_a_token_that_has_ended_is_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("providers.adapters.sinch.time.monotonic", lambda: clock[0])
    provider, calls = sinch(), []
    token = b'{"access_token": "FRESH", "expires_in": 3600}'
    carrier = Replay(token, b'{"id": "b1"}', token, b'{"id": "b2"}')
    carrier.run(provider.send(MESSAGE), calls)
    clock[0] += 3541
    carrier.run(provider.send(MESSAGE), calls)
    assert [call["answer"] for call in calls].count("•••") == 2


def test_the_refusal_of_a_token_is_logged() -> None:
    calls: list[dict[str, Any]] = []
    with pytest.raises(base.ProviderError):
        Replay(b'{"error": "invalid_client"}', status=401).run(sinch().send(MESSAGE), calls)
    assert "invalid_client" in calls[0]["answer"]


@pytest.mark.parametrize("slug", ["mobitex", "smsapi"])
def test_the_hash_of_a_password_is_cut_out(slug: str) -> None:
    form = registry.get(slug).Credentials({"username": "me", "password": "pass-word"})
    assert form.is_valid(), form.errors
    channel = Channel(provider=slug, credentials=form.cleaned_data)
    assert hashlib.md5(b"pass-word").hexdigest() in channel.secret_values


@pytest.mark.parametrize("how", ["md5", "sha1", "sha256"])
def test_the_hash_that_an_http_profile_sends_is_cut_out(how: str) -> None:
    told = {"password": "pass-word", "password_as": how, "success": "status 200"}
    told |= {"send_url": "https://sms.example/send"}
    told |= {"fields_sent": "key = {password}\nto = {to}\ntext = {text}"}
    form = registry.get("http").Credentials(told)
    assert form.is_valid(), form.errors
    channel = Channel(provider="http", credentials=form.cleaned_data)
    calls: list[dict[str, Any]] = []
    Replay(b"OK").run(registry.get("http")(form.cleaned_data).send(MESSAGE), calls)
    assert hashlib.new(how, b"pass-word").hexdigest() in str(calls)
    logged = redact(str(calls), channel.secret_values)
    assert "key=•••" in logged and hashlib.new(how, b"pass-word").hexdigest() not in logged
