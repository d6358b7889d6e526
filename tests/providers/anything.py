"""Random requests and answers, out of the words that a provider's fixtures use."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from providers import base, registry

from . import played

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
CHARSETS = [
    "", "utf-8", "latin-1", "utf-16", "utf-7", "idna", "hex", "undefined", "punycode", "no\x00pe",
    "unicode_escape", "raw_unicode_escape", "cp037", "zip", "rot13", "☃",
]  # fmt: skip
TAILS = ["", "dlr/delivered", "dlr/failed", "dlr/", "x", "\0"]
QUERIES = ["", "trn=a&at=0001-01-01", "ref=%00", "ref=%ff&rsn=<RSN>"]
ALL = played.cases()

#: Slugs whose adapters trade in webhooks and calls. A preset's code is its provider's.
SLUGS = [
    slug
    for slug in registry.slugs()
    if not registry.stands_on(slug) and any(case.slug == slug for case in ALL)
]


@cache
def cases(slug: str) -> list[played.Case]:
    return [case for case in ALL if case.slug == slug and "words" not in case.told]


@cache
def providers(slug: str) -> list[base.Provider]:
    """The provider with every kind of credentials that its fixtures have."""
    found = {json.dumps(case.told.get("credentials", {})): case for case in cases(slug)}
    return [case.provider for case in found.values()][:8]


@dataclasses.dataclass
class Words:
    names: set[str] = dataclasses.field(default_factory=lambda: {"id"})
    values: set[str] = dataclasses.field(default_factory=lambda: {""})

    def add(self, found: Any) -> None:
        if isinstance(found, dict):
            for name, value in found.items():
                self.names.add(name)
                self.add(value)
        elif isinstance(found, list):
            for each in found:
                self.add(each)
        elif isinstance(found, str):
            self.values.add(found)
            if found[:1] in ("{", "["):
                self.add(readable(found))


def readable(text: str) -> Any:
    """The text as JSON; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


@cache
def words(slug: str, part: str) -> Words:
    """The names and values in this part of a provider's fixtures."""
    found = Words()
    for case in cases(slug):
        found.add(case.told.get(part))
    return found


def scalars(slug: str, part: str) -> st.SearchStrategy[Any]:
    values = sorted(words(slug, part).values)
    text = st.one_of(st.sampled_from(values), st.text(st.characters(), max_size=40))
    return st.one_of(text, st.none(), st.booleans(), st.integers(), st.floats())


@cache
def values(slug: str, part: str) -> st.SearchStrategy[Any]:
    """Any JSON value."""
    known = sorted(words(slug, part).names)
    names = st.one_of(st.sampled_from(known), st.text(max_size=8))
    return st.recursive(
        scalars(slug, part),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    )


@cache
def bodies(slug: str, part: str) -> st.SearchStrategy[bytes]:
    """Any bytes: noise, JSON in two charsets, something like a form."""
    value = values(slug, part)
    known = sorted(words(slug, part).names)
    names = st.one_of(st.sampled_from(known), st.text(max_size=8))
    objects = st.dictionaries(names, value, max_size=8)
    return st.one_of(
        st.binary(max_size=80),
        objects.map(lambda found: json.dumps(found).encode()),
        st.lists(objects, max_size=3).map(lambda found: json.dumps(found).encode()),
        value.map(lambda found: json.dumps(found).encode("utf-16")),
        objects.map(
            lambda found: "&".join(f"{n}={v}" for n, v in found.items()).encode(errors="replace")
        ),
    )


@st.composite
def requests(draw: st.DrawFn, slug: str) -> base.WebhookRequest:
    """Any request to a webhook."""
    told = [case.told["webhook"] for case in cases(slug) if case.verb == "webhook"] or [{}]
    heads = sorted({name.lower() for each in told for name in each.get("headers", {})})
    headers = {name: draw(st.text(max_size=20)) for name in heads if draw(st.booleans())}
    if charset := draw(st.sampled_from(CHARSETS)):
        headers["content-type"] = f"application/json; charset={charset}"
    tails = TAILS + [each["tail"] for each in told if "tail" in each]
    queries = QUERIES + [played.request_of(each).query_string for each in told]
    return base.WebhookRequest(
        method=draw(st.sampled_from(["GET", "POST", "PUT", "HEAD"])),
        url=played.ADDRESS,
        tail=draw(st.sampled_from(tails)),
        query=draw(st.one_of(st.text(max_size=60), st.sampled_from(queries))),
        headers=headers,
        body=draw(bodies(slug, "webhook")),
    )


def spots(found: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON document that can be replaced."""
    pairs = found.items() if isinstance(found, dict) else enumerate(found)
    for name, inner in list(pairs):
        yield found, name
        if isinstance(inner, dict | list):
            yield from spots(inner)


def changed(found: Any, place: int, other: Any) -> Any:
    """A copy of the document with another value in one place."""
    copy = [json.loads(json.dumps(found))]
    places = list(spots(copy))
    holder, name = places[place % len(places)]
    holder[name] = other
    return copy[0]


def keepable(event: Any) -> None:
    """No NUL and no half of a surrogate pair, which no database keeps; times in UTC."""
    for field in dataclasses.fields(event):
        held = getattr(event, field.name)
        if isinstance(held, str):
            assert "\0" not in held
            held.encode()
        elif isinstance(held, datetime):
            assert held.utcoffset() is not None and held.utcoffset().total_seconds() == 0
        elif isinstance(held, tuple):
            for each in held:
                if isinstance(each, str):
                    each.encode()
                else:
                    keepable(each)
    if isinstance(event, base.Inbound):
        assert event.sender and event.recipient
    if isinstance(event, base.Report):
        assert event.provider_id or event.reference or (event.customer and event.up_to)
