"""Whatever reaches a webhook becomes events or a WebhookError: never another exception."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import base, errors

from . import anything, played

# A charset such as unicode_escape complains about what it is given.
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence")
CALLED = [slug for slug in anything.SLUGS if any(c.verb == "webhook" for c in anything.cases(slug))]


def check(slug: str, request: base.WebhookRequest) -> list[base.Event]:
    """Parse the request with every kind of credentials, and check that the events can be kept.

    It is parsed whether its signature is right or not: who knows the key may write anything.
    """
    found: list[base.Event] = []
    for provider in anything.providers(slug):
        for part in (provider.verify_webhook, provider.challenge, provider.parse, provider.answer):
            try:
                said: Any = part(request)
            except errors.WebhookError:
                continue
            for event in said if isinstance(said, list) else ():
                anything.keepable(event)
                found.append(event)
    return found


@pytest.mark.parametrize("slug", CALLED)
def test_any_request(slug: str) -> None:
    @anything.SETTINGS
    @given(anything.requests(slug))
    def play(request: base.WebhookRequest) -> None:
        check(slug, request)

    play()


@pytest.mark.parametrize("slug", CALLED)
def test_a_good_request_with_one_field_replaced(slug: str) -> None:
    good = list(filter(None, map(fields_of, anything.cases(slug))))
    read = 0

    @anything.SETTINGS
    @given(st.sampled_from(good), st.integers(0, 40), anything.values(slug, "webhook"))
    def play(told: dict[str, Any], place: int, other: Any) -> None:
        nonlocal read
        request = rebuilt(told, anything.changed(told["fields"], place, other))
        read += len(check(slug, request))

    play()
    assert read, "no changed request was read at all, so that nothing was tested"


def fields_of(case: played.Case) -> dict[str, Any] | None:
    """A good webhook with its fields as a JSON document; None if it has none, or is not good."""
    told = case.told.get("webhook")
    if told is None or "raises" in case.told:
        return None
    text = told.get("raw", "") or base64.b64decode(told.get("base64", "")).decode(errors="replace")
    found = {"body": told.get("body") or anything.readable(text)}
    found |= {name: told[name] for name in ("form", "query") if told.get(name)}
    kind = next((name for name, held in found.items() if isinstance(held, dict | list)), None)
    return {**told, "kind": kind, "fields": found[kind]} if kind else None


def rebuilt(told: dict[str, Any], fields: Any) -> base.WebhookRequest:
    """The webhook with these fields instead of its own."""
    rest = {n: told[n] for n in ("method", "tail", "headers", "query", "url") if n in told}
    if told["kind"] == "body":
        return played.request_of({**rest, "raw": json.dumps(fields)})
    pairs = fields if isinstance(fields, dict) else {"x": fields}
    flat = {name: str(value).encode(errors="replace") for name, value in pairs.items()}
    return played.request_of(
        {**rest, told["kind"]: urlencode(flat) if told["kind"] == "query" else flat}
    )
