"""Fields, times, numbers and texts are read, or left out, and never stumbled over."""

from __future__ import annotations

import pytest

from providers import base, errors
from providers.reading import clean, e164, field_of, moment


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
