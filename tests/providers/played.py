"""Plays the fixtures of providers: one JSON file is one exchange. See docs/adding-a-provider.md."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from providers import base, errors, http, registry

FOLDER = Path(__file__).parent / "fixtures"
WORDS = {
    "from", "why", "credentials", "api_address",  # what every case may have
    "webhook", "send", "check", "poll",  # exactly one of these
    "exchange", "gives", "raises", "answers", "challenge",
}  # fmt: skip


@dataclass
class Case:
    slug: str
    name: str
    told: dict[str, Any]

    @property
    def provider(self) -> base.Provider:
        """The provider with this case's credentials, as its own form cleans them."""
        form = registry.get(self.slug).Credentials(self.told.get("credentials", {}))
        assert form.is_valid(), form.errors
        return registry.get(self.slug)(form.cleaned_data, self.told.get("api_address", ""))


def cases() -> list[Case]:
    """Every fixture there is."""
    return [
        Case(path.parent.name, path.stem, json.loads(path.read_text()))
        for path in sorted(FOLDER.glob("*/*.json"))
    ]


def request_of(told: dict[str, Any]) -> base.WebhookRequest:
    """The request that a case's "webhook" describes."""
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    kinds = {"body", "form", "raw", "base64"} & told.keys()
    assert len(kinds) <= 1, "a webhook has one of body, form, raw and base64"
    body = b""
    if "body" in told:
        body = json.dumps(told["body"]).encode()
        headers.setdefault("content-type", "application/json")
    elif "form" in told:
        body = urlencode(told["form"]).encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif "raw" in told:
        body = told["raw"].encode()
    elif "base64" in told:
        body = base64.b64decode(told["base64"])
    query = told.get("query", "")
    return base.WebhookRequest(
        method=told.get("method", "POST"),
        url="https://desk.example/api/v1.0/webhook/x/0123456789abcdef0123456789abcdef",
        tail=told.get("tail", ""),
        query=query if isinstance(query, str) else urlencode(query),
        headers=headers,
        body=body,
    )


def event_of(told: dict[str, Any]) -> base.Event:
    """The event that one entry of "gives" describes; what it leaves out has its default."""
    told = dict(told)
    for name in ("sent_at", "at"):
        if told.get(name):
            told[name] = datetime.fromisoformat(told[name])
    if "media" in told:
        told["media"] = tuple(media_of(each) for each in told["media"])
    for kind, mark in (
        (base.Report, "status"),
        (base.OptOut, "customer"),
        (base.Inbound, "sender"),
    ):
        if mark in told:
            return kind(**told)
    return base.ChannelFault(**told)


def media_of(told: dict[str, Any]) -> base.Media:
    content = base64.b64decode(told["content"]) if "content" in told else None
    return base.Media(**{**told, "content": content})


class Stage(http.Carrier):
    """A carrier that plays the exchange of a case and checks what is asked of it."""

    def __init__(self, exchange: list[dict[str, Any]]) -> None:
        super().__init__()
        self.left = list(exchange)

    def perform(self, call: base.Call) -> base.Answer:
        assert self.left, f"nobody expects {call.method} {call.url}"
        step = self.left.pop(0)
        self.compare(call, step["request"])
        if fails := step.get("fails"):
            raise getattr(errors, fails)("the network broke")
        answer = step["answer"]
        text = json.dumps(answer["json"]) if "json" in answer else answer.get("text", "")
        for name, value in (call.params or {}).items():
            text = text.replace("{query." + name + "}", value)
        headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return base.Answer(answer["status"], headers, text.encode())

    def compare(self, call: base.Call, wanted: dict[str, Any]) -> None:
        assert wanted.keys() <= {"method", "url", "query", "json", "form", "headers", "sends"}
        assert (call.method, call.url) == (wanted["method"], wanted["url"])
        query = dict(call.params or {})
        for name, value in wanted.get("query", {}).items():
            found = query.pop(name, "")
            assert found, f"the query lacks {name}"
            assert value in ("*", found)
        assert not query, "the query holds more than was asked for"
        assert call.json == wanted.get("json")
        assert (dict(call.form) if call.form is not None else None) == wanted.get("form")
        assert call.body is None
        assert call.sends == wanted.get("sends", True)
        headers = {name.lower(): value for name, value in call.headers.items()}
        for name, value in wanted.get("headers", {}).items():
            assert headers.get(name.lower()) == value

    def over(self) -> None:
        assert not self.left, f"{len(self.left)} more requests were expected"


def outbound_of(told: dict[str, Any]) -> base.Outbound:
    media = tuple(media_of(each) for each in told.get("media", ()))
    return base.Outbound(**{"reference": "0a1b2c3d4e5f60718293a4b5", **told, "media": media})
