"""Makes a fixture for the tests of providers out of a recorded exchange."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.core.exceptions import ValidationError

from providers.base import Answer, Call, Inbound, Outbound, Provider, Secret, Talk
from providers.errors import ProviderError, Unavailable, Uncertain, WebhookError
from providers.http import LOGGED_CHARS, Carrier
from providers.recorded import request_of
from routing.models import Exchange, Message

from .disguise import MADE_UP, Disguise

ADDRESS = "https://desk.example/api/v1.0/webhook/{slug}/0123456789abcdef0123456789abcdef"
REFERENCE = "0a1b2c3d4e5f60718293a4b5"


class NotSaved(Exception):
    """This exchange cannot become a fixture; the text says why, to an administrator."""


def fixture(exchange: Exchange, *, keep_text: bool) -> dict[str, Any]:
    """The exchange as a fixture, in disguise. Raises NotSaved if it cannot become one."""
    makers = {Exchange.WEBHOOK: _webhook, Exchange.SEND: _sending, Exchange.CHECK: _check}
    if exchange.kind not in makers or not exchange.steps:
        raise NotSaved(
            "Only webhooks, attempts to send and checks can be saved, if they were made."
        )
    disguise = Disguise()
    credentials = _credentials(exchange, disguise)
    provider = exchange.channel.provider_class(credentials)
    told = makers[exchange.kind](exchange, provider, disguise, keep_text)
    said = f"captured {exchange.at:%Y-%m-%d}, keys and numbers replaced"
    return {"from": said, "credentials": credentials, **told}


def _credentials(exchange: Exchange, disguise: Disguise) -> dict[str, Any]:
    """Made-up ones in the place of those that the channel has."""
    channel, found = exchange.channel, dict[str, Any]()
    for name, field in channel.provider_class.Credentials.base_fields.items():
        value = channel.credentials.get(name)
        if isinstance(field, Secret):
            found |= {name: MADE_UP} if value else {}
        elif (
            type(field) is forms.CharField and value and _allows(field, fake := f"{MADE_UP}-{name}")
        ):
            found[name] = fake
            disguise.meet_words({value: fake})
        elif value not in (None, ""):
            found[name] = value
    return found


def _allows(field: forms.Field, value: str) -> bool:
    try:
        field.clean(value)
    except ValidationError:
        return False
    return True


def _webhook(
    exchange: Exchange, provider: Provider, disguise: Disguise, keep_text: bool
) -> dict[str, Any]:
    step = exchange.steps[0]
    if len(step["request"]) >= LOGGED_CHARS:
        raise NotSaved("The request was longer than the log keeps.")
    real = _request_told(step)
    events = _parsed(provider, real)
    messages = [each for each in events if isinstance(each, Inbound)]
    for each in messages:
        disguise.meet_numbers(each.recipient, each.sender, *each.others)
        disguise.meet_words({each.name: "Customer"})
    disguise.meet_all_in(step["request"] + step["url"])
    if not keep_text:
        disguise.meet_texts(each.text for each in messages)
    told = disguise.document(real)
    try:
        found = provider.parse(request_of(told, ADDRESS))
    except WebhookError:
        outcome = {"raises": {"error": "WebhookError"}}
    else:
        if not keep_text and _texts(events) & _texts(found):
            raise NotSaved(
                "The text is written in a way that cannot be replaced. Save it as it is."
            )
        outcome = {"gives": [_plain(each) for each in found]}
    why = {"why": "headers are not kept: if it was signed, it must be signed anew"}
    return {**why, "webhook": told, **outcome}


def _request_told(step: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the words of a fixture."""
    path, _, query = step["url"].removeprefix("…").partition("?")
    told: dict[str, Any] = {} if step["method"] == "POST" else {"method": step["method"]}
    if tail := path.strip("/"):
        told["tail"] = tail
    if query:
        told["query"] = dict(parse_qsl(query, keep_blank_values=True))
    body = step["request"]
    try:
        return {**told, "body": json.loads(body)}
    except ValueError:
        pass
    if "=" in body and body.lstrip()[:1] not in ("{", "[", "<"):
        return {**told, "form": dict(parse_qsl(body, keep_blank_values=True))}
    return {**told, "raw": body} if body else told


def _parsed(provider: Provider, told: dict[str, Any]) -> list[Any]:
    try:
        return provider.parse(request_of(told, ADDRESS))
    except WebhookError:
        return []


def _texts(events: list[Any]) -> set[str]:
    return {each.text for each in events if isinstance(each, Inbound) and each.text}


def _plain(found: Any) -> dict[str, Any]:
    """An event as JSON, without what has its default."""
    told = {}
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        if field.default is not dataclasses.MISSING and value == field.default:
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = [_plain(each) if dataclasses.is_dataclass(each) else each for each in value]
        told[field.name] = value
    return told


def _sending(
    exchange: Exchange, provider: Provider, disguise: Disguise, keep_text: bool
) -> dict[str, Any]:
    message: Message | None = exchange.message
    if message is None or message.has_files or message.template:
        raise NotSaved("Only messages that still exist, without files, can be saved.")
    disguise.meet_numbers(message.sender, message.recipient)
    disguise.meet_words({message.reference: REFERENCE})
    if not keep_text:
        disguise.meet_texts([message.text])
    told = {
        "sender": disguise.text(message.sender),
        "recipient": disguise.text(message.recipient),
        "text": disguise.text(message.text),
    }
    if "/api/v1.0/webhook/" in json.dumps(exchange.steps):
        told["webhook_url"] = ADDRESS.format(slug=exchange.channel.provider)
    talk = provider.send(Outbound(reference=REFERENCE, **told))
    return {"send": told, **_played(exchange, talk, disguise)}


def _check(
    exchange: Exchange, provider: Provider, disguise: Disguise, keep_text: bool
) -> dict[str, Any]:
    return {"check": True, **_played(exchange, provider.check_credentials(), disguise)}


class _Again(Carrier):
    """Gives the recorded answers, and writes down what is asked."""

    def __init__(self, exchange: Exchange, disguise: Disguise) -> None:
        super().__init__()
        self.steps, self.disguise = exchange.steps, disguise
        self.told: list[dict[str, Any]] = []

    def perform(self, call: Call) -> Answer:
        if len(self.told) == len(self.steps):
            raise NotSaved("The adapter asks for more than was recorded.")
        step = self.steps[len(self.told)]
        entry: dict[str, Any] = {"request": _call_told(call)}
        self.told.append(entry)
        if step["status"] is None:
            fails = Uncertain if call.sends else Unavailable
            entry["fails"] = fails.__name__
            raise fails("the network broke")
        told = self.disguise.document(_body_told(step["answer"]))
        entry["answer"] = {"status": step["status"], **told}
        said = json.dumps(told["json"]) if "json" in told else told["text"]
        return Answer(step["status"], {}, said.encode())


def _played(exchange: Exchange, talk: Talk[Any], disguise: Disguise) -> dict[str, Any]:
    for step in exchange.steps:
        if len(step["answer"]) >= LOGGED_CHARS:
            raise NotSaved("The answer was longer than the log keeps.")
        disguise.meet_all_in(step["request"] + step["answer"] + step["url"])
    again = _Again(exchange, disguise)
    try:
        outcome: dict[str, Any] = {"gives": again.run(talk, [])}
    except ProviderError as error:
        outcome = {"raises": {"error": type(error).__name__, "code": error.code}}
        if after := getattr(error, "after", None):
            outcome["raises"]["after"] = after
    return {"exchange": again.told, **outcome}


def _call_told(call: Call) -> dict[str, Any]:
    """A call as the words of a fixture."""
    form = call.form
    if form is not None and not isinstance(form, Mapping):
        pairs = list(form)
        form = {name: [v for n, v in pairs if n == name] for name, _ in pairs}
        form = {name: held if len(held) > 1 else held[0] for name, held in form.items()}
    told = {
        "method": call.method,
        "url": call.url,
        "query": dict(call.params or {}),
        "headers": dict(call.headers),
        "auth": list(call.auth or ()),
        "certificate": call.certificate,
        "json": call.json,
        "form": None if form is None else dict(form),
        "body": call.body.decode("utf-8", "replace") if call.body is not None else None,
    }
    kept = {name: value for name, value in told.items() if value not in (None, "", [], {})}
    return kept if call.sends else {**kept, "sends": False}


def _body_told(body: str) -> dict[str, Any]:
    try:
        return {"json": json.loads(body)}
    except ValueError:
        return {"text": body}
