"""Plays the fixtures of providers: one JSON file is one exchange. See docs/adding-a-provider.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from providers import base, errors, http, recorded, registry

FOLDER = Path(__file__).parent / "fixtures"
VERBS = {
    "webhook", "send", "check", "poll", "collect", "confirm",
    "templates", "connect", "profile", "fetch",
}  # fmt: skip
WORDS = VERBS | {
    "from", "why", "credentials", "api_address", "now",  # what every case may have
    "exchange", "words", "gives", "raises", "answers", "challenge",
}  # fmt: skip
REQUEST_WORDS = {
    "method", "url", "query", "json", "form", "body", "holds",
    "headers", "auth", "certificate", "sends",
}  # fmt: skip
ADDRESS = "https://desk.example/api/v1.0/webhook/x/0123456789abcdef0123456789abcdef"

#: What "{long}" in a fixture stands for: 1,600 characters that no 7-bit alphabet holds.
LONG = ("Zażółć gęślą jaźń, щоб перевірити довгі тексти 消息很长。 " * 40)[:1600]


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

    @property
    def verb(self) -> str:
        (found,) = self.told.keys() & VERBS
        return found

    def with_word(self, word: str) -> Case:
        """The case with this word in every place that says "{word}"."""
        return Case(self.slug, self.name, put(self.told, "{word}", word))


def cases() -> list[Case]:
    """Every fixture there is; those of a provider also for each preset that stands on it.

    A preset's own folder holds what differs, and wins where both have a name.
    """
    found = {
        (path.parent.name, path.stem): put(json.loads(path.read_text()), "{long}", LONG)
        for path in sorted(FOLDER.glob("*/[!_]*.json"))
    }
    for preset in filter(registry.stands_on, registry.slugs()):
        parent = registry.stands_on(preset)
        inherited = {(preset, name): told for (slug, name), told in found.items() if slug == parent}
        found = inherited | found
    return [Case(slug, name, told) for (slug, name), told in sorted(found.items())]


def put(found: Any, mark: str, text: str) -> Any:
    """The document with the text wherever it says the mark; "{word:int}" becomes a number."""
    if isinstance(found, dict):
        return {put(name, mark, text): put(each, mark, text) for name, each in found.items()}
    if isinstance(found, list):
        return [put(each, mark, text) for each in found]
    if isinstance(found, str):
        return int(text) if found == mark[:-1] + ":int}" else found.replace(mark, text)
    return found


def request_of(told: dict[str, Any]) -> base.WebhookRequest:
    """The request that a case's "webhook" describes."""
    return recorded.request_of(told, ADDRESS)


def event_of(told: dict[str, Any]) -> base.Event:
    """The event that one entry of "gives" describes; what it leaves out has its default."""
    told = dict(told)
    for name in ("sent_at", "at", "up_to"):
        if told.get(name):
            told[name] = datetime.fromisoformat(told[name])
    if "media" in told:
        told["media"] = tuple(media_of(each) for each in told["media"])
    if "others" in told:
        told["others"] = tuple(told["others"])
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


def template_of(told: dict[str, Any]) -> base.Template:
    return base.Template(**{**told, "variables": tuple(told.get("variables", ()))})


def batch_of(told: dict[str, Any]) -> base.Batch:
    events = tuple(event_of(each) for each in told.get("events", ()))
    return base.Batch(**{**told, "events": events, "confirm": tuple(told.get("confirm", ()))})


def outbound_of(told: dict[str, Any]) -> base.Outbound:
    made = {"reference": "0a1b2c3d4e5f60718293a4b5", **told}
    made["media"] = tuple(media_of(each) for each in told.get("media", ()))
    if filled := told.get("template"):
        template = template_of(filled["template"])
        made["template"] = base.Filled(template, tuple(filled.get("values", ())))
    return base.Outbound(**made)


def gives_of(verb: str, gives: Any) -> Any:
    """What a case's "gives" stands for."""
    if verb in ("webhook", "poll"):
        return [event_of(each) for each in gives]
    if verb == "collect":
        return batch_of(gives)
    if verb == "templates":
        return [template_of(each) for each in gives]
    return base64.b64decode(gives) if verb == "fetch" else gives


def talk_of(case: Case, provider: base.Provider) -> base.Talk[Any]:
    """The talk that a case is about, not yet begun."""
    told = case.told[case.verb]
    talks = {
        "send": lambda: provider.send(outbound_of(told)),
        "check": provider.check_credentials,
        "poll": lambda: provider.poll(tuple(told)),
        "collect": lambda: provider.collect(told),
        "confirm": lambda: provider.confirm(tuple(told)),
        "templates": provider.templates,
        "connect": lambda: provider.connect(told),
        "profile": lambda: provider.profile(told),
        "fetch": lambda: provider.fetch(media_of(told)),
    }
    return talks[case.verb]()


class Stage(http.Carrier):
    """A carrier that plays the exchange of a case and checks what is asked of it."""

    def __init__(self, exchange: list[dict[str, Any]]) -> None:
        super().__init__()
        self.left = list(exchange)

    def perform(self, call: base.Call) -> base.Answer:
        assert self.left, f"nobody expects {call.method} {call.url}"
        step = self.left.pop(0)
        compare(call, step["request"])
        if fails := step.get("fails"):
            raise getattr(errors, fails)("the network broke")
        return answer_of(step["answer"], call)

    def over(self) -> None:
        assert not self.left, f"{len(self.left)} more requests were expected"


def answer_of(told: dict[str, Any], call: base.Call) -> base.Answer:
    """The answer that an exchange describes."""
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    if "base64" in told:
        return base.Answer(told["status"], headers, base64.b64decode(told["base64"]))
    text = json.dumps(told["json"]) if "json" in told else told.get("text", "")
    for name, value in (call.params or {}).items():
        text = text.replace("{query." + name + "}", value)
    return base.Answer(told["status"], headers, text.encode())


def compare(call: base.Call, wanted: dict[str, Any]) -> None:
    """Assert that the call is the wanted one."""
    assert wanted.keys() <= REQUEST_WORDS, f"unknown words: {wanted.keys() - REQUEST_WORDS}"
    assert (call.method, call.url) == (wanted["method"], wanted["url"])
    query = dict(call.params or {})
    for name, value in wanted.get("query", {}).items():
        found = query.pop(name, "")
        assert found, f"the query lacks {name}"
        assert value in ("*", found)
    assert not query, "the query holds more than was asked for"
    same(call.json, wanted.get("json"))
    same(form_of(call), wanted.get("form"))
    if "holds" in wanted:  # of a body with a random border
        said = (call.body or b"").decode("utf-8", "replace")
        assert all(each in said for each in wanted["holds"]), said[:2000]
    else:
        body = None if call.body is None else call.body.decode("utf-8", "replace")
        assert body == wanted.get("body")
    assert list(call.auth or ()) == wanted.get("auth", [])
    assert call.certificate == wanted.get("certificate", "")
    assert call.sends == wanted.get("sends", True)
    headers = {name.lower(): value for name, value in call.headers.items()}
    for name, value in wanted.get("headers", {}).items():
        same(headers.get(name.lower()), value)


def form_of(call: base.Call) -> dict[str, Any] | None:
    """The call's form; a field that is sent several times holds a list."""
    if call.form is None or isinstance(call.form, Mapping):
        return None if call.form is None else dict(call.form)
    found: dict[str, Any] = {}
    for name, value in call.form:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def same(found: Any, wanted: Any) -> None:
    """Assert that they are equal, where "*" stands for any text but none."""
    if isinstance(wanted, dict) and isinstance(found, dict) and wanted.keys() == found.keys():
        for name, each in wanted.items():
            same(found[name], each)
    elif wanted == "*":
        assert found and isinstance(found, str)
    else:
        assert found == wanted
