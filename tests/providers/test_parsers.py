"""Whatever reaches a webhook becomes events or a WebhookError: never another exception."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import base, errors, registry
from providers.reading import clean, e164, field_of, moment

from . import played

SETTINGS = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
CREDENTIALS = {slug: [{}] for slug in registry.slugs()} | {
    "aspsms": [{"alphabet": name} for name in ("auto", "utf-8", "utf-16-be", "latin-1", "gsm7")],
    "general": [{}, {"secret": "made-up"}],
}

# Field names and values that the parsers know, so that random requests get past the first check.
GOOD = [case.told["webhook"] for case in played.cases() if "webhook" in case.told]


def known(found: Any, names: set[str], words: set[str]) -> None:
    if isinstance(found, dict):
        for name, value in found.items():
            names.add(name)
            known(value, names, words)
    elif isinstance(found, list):
        for each in found:
            known(each, names, words)
    elif isinstance(found, str):
        words.add(found)


NAMES: set[str] = set()
VALUES: set[str] = set()
for each in GOOD:
    known([each.get("body"), each.get("form"), each.get("query")], NAMES, VALUES)

text = st.one_of(st.sampled_from(sorted(VALUES)), st.text(st.characters(), max_size=40))
scalar = st.one_of(text, st.none(), st.booleans(), st.integers(), st.floats())
names = st.one_of(st.sampled_from(sorted(NAMES)), st.text(max_size=8))
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5)
)
objects = st.dictionaries(names, value, max_size=8)
charsets = st.sampled_from(
    [
        "",
        "utf-8",
        "latin-1",
        "utf-16",
        "utf-7",
        "idna",
        "hex",
        "undefined",
        "punycode",
        "no\x00pe",
        "unicode_escape",
        "raw_unicode_escape",
        "cp037",
        "zip",
        "rot13",
        "☃",
    ]
)
methods = st.sampled_from(["GET", "POST", "PUT", "HEAD"])
tails = st.sampled_from(["", "dlr/delivered", "dlr/failed", "dlr/", "x", "\0"])
queries = st.one_of(
    st.text(max_size=60), st.sampled_from(["trn=a&at=0001-01-01", "ref=%00", "ref=%ff&rsn=<RSN>"])
)


@st.composite
def requests(draw: st.DrawFn) -> base.WebhookRequest:
    body = draw(
        st.one_of(
            st.binary(max_size=80),
            objects.map(lambda found: json.dumps(found).encode()),
            value.map(lambda found: json.dumps(found, ensure_ascii=True).encode("utf-16")),
            objects.map(lambda found: "&".join(f"{n}={v}" for n, v in found.items()).encode(
                "utf-8", "surrogatepass")),
        )
    )  # fmt: skip
    headers = {}
    if charset := draw(charsets):
        headers["content-type"] = f"application/json; charset={charset}"
    if draw(st.booleans()):
        headers["x-signature-256"] = draw(st.text(max_size=20))
    return base.WebhookRequest(
        method=draw(methods), tail=draw(tails), query=draw(queries), headers=headers, body=body
    )


def check(slug: str, request: base.WebhookRequest) -> list[base.Event]:
    """Parse the request with every kind of credentials, and check that the events can be kept."""
    found: list[base.Event] = []
    for credentials in CREDENTIALS[slug]:
        provider = registry.get(slug)(credentials)
        try:
            provider.verify_webhook(request)
            provider.challenge(request)
            events = provider.parse(request)
        except errors.WebhookError:
            continue
        provider.answer(request)
        for event in events:
            keepable(event)
        found += events
    return found


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
        assert event.provider_id or event.reference


# A charset such as unicode_escape complains about what it is given.
@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("slug", registry.slugs())
def test_any_request(slug: str) -> None:
    @SETTINGS
    @given(requests())
    def play(request: base.WebhookRequest) -> None:
        check(slug, request)

    play()


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_good_request_with_one_field_replaced(slug: str) -> None:
    good = [
        case.told["webhook"]["body"]
        for case in played.cases()
        if case.slug == slug and "body" in case.told.get("webhook", {})
    ]
    read = 0

    @SETTINGS
    @given(st.sampled_from(good), st.integers(0, 30), value)
    def play(body: dict[str, Any], place: int, other: Any) -> None:
        nonlocal read
        changed = json.loads(json.dumps(body))
        spots = list(spots_of(changed))
        holder, name = spots[place % len(spots)]
        holder[name] = other
        request = base.WebhookRequest(body=json.dumps(changed).encode())
        read += len(check(slug, request))

    play()
    assert read, "no changed request was read at all, so that nothing was tested"


def spots_of(found: Any) -> Any:
    """Every place in a JSON document that can be replaced."""
    pairs = found.items() if isinstance(found, dict) else enumerate(found)
    for name, inner in list(pairs):
        yield found, name
        if isinstance(inner, dict | list):
            yield from spots_of(inner)


def test_deeply_nested_json_is_refused() -> None:
    request = base.WebhookRequest(body=b"[" * 200_000)
    with pytest.raises(errors.WebhookError):
        _ = request.json


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("+41791112233", "+41791112233"),
        ("0041791112233", "+41791112233"),
        ("41791112233", "+41791112233"),
        (" +41 (79) 111-22.33 ", "+41791112233"),
        ("0791112233", "0791112233"),
        ("911", "911"),
        ("Migros", "Migros"),
        ("", ""),
        ("٤١٧٩١١١٢٢٣٣", "٤١٧٩١١١٢٢٣٣"),
    ],
)
def test_numbers_become_e164(given: str, wanted: str) -> None:
    assert e164(given) == wanted


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("2026-01-21T13:46:34Z", "2026-01-21T13:46:34+00:00"),
        ("2026-01-21T13:46:34.250+02:00", "2026-01-21T11:46:34.250000+00:00"),
        ("2026-01-21 13:46:34", "2026-01-21T13:46:34+00:00"),
        ("0001-01-01T00:00:00+10:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-10:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_read_or_left_out(given: str, wanted: str | None) -> None:
    found = moment(given)
    assert (found.isoformat() if found else None) == wanted


def test_text_becomes_keepable() -> None:
    assert clean("a\0b") == "ab"
    assert clean("\ud83d\ude00") == "😀"
    assert clean("x\ud83dy") == "x\ufffdy"


def test_a_field_is_text_or_nothing() -> None:
    assert field_of({"a": None, "b": 7}, "a", "b") == "7"
    assert field_of({"a": True}, "a") == field_of({"a": {}}, "a") == field_of([], "a") == ""


def test_the_charset_of_a_body() -> None:
    said = {"content-type": 'application/json; CHARSET="ISO-8859-1"'}
    request = base.WebhookRequest(headers=said, body='{"a": "é"}'.encode("latin-1"))
    assert request.json == {"a": "é"}
    wrong = base.WebhookRequest(headers={}, body='{"a": "é"}'.encode("latin-1"))
    with pytest.raises(errors.WebhookError, match="not JSON"):
        _ = wrong.json


def test_fields_are_read_from_either_form() -> None:
    assert base.WebhookRequest(body=b'{"a": "1"}').fields == {"a": "1"}
    assert base.WebhookRequest(body=b"a=1&b=%C3%A9").fields == {"a": "1", "b": "é"}
    with pytest.raises(errors.WebhookError, match="not JSON"):
        _ = base.WebhookRequest(body=b'{"a=": ').fields
