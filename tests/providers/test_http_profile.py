"""The form of the HTTP profile tells an administrator what is wrong, and where."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from providers import registry
from providers.adapters import _rules, _tree

from . import played

GOOD = json.loads((Path(played.FOLDER) / "http/send_text.json").read_text())["credentials"]


def errors(**changes: Any) -> dict[str, str]:
    form = registry.get("http").Credentials({**GOOD, **changes})
    return {name: " ".join(said) for name, said in form.errors.items()}


def test_the_example_is_good_and_an_empty_form_too() -> None:
    assert not errors()
    assert not errors(**dict.fromkeys(GOOD, ""))


def test_the_yaml_of_the_documentation_is_good() -> None:
    import yaml

    page = (Path(__file__).parents[2] / "docs/providers/http.md").read_text()
    block = page.partition("```yaml\n")[2].partition("```")[0]
    told = yaml.safe_load(block)["channels"][0]["credentials"]
    form = registry.get("http").Credentials(told)
    assert form.is_valid(), form.errors


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"send_url": "sms.example/send"}, "send_url", "Enter an https:// address"),
        ({"send_url": "https://{to}.example/"}, "send_url", "not in the host's name"),
        ({"send_url": "https://sms.example/{nobody}"}, "send_url", "{nobody} stands for nothing"),
        ({"send_url": "https://[sms/"}, "send_url", "not an address"),
        ({"fields_sent": "to"}, "fields_sent", "Line 1, 'to', lacks a name"),
        ({"fields_sent": "to = {number}"}, "fields_sent", "{number} stands for nothing"),
        ({"fields_sent": "text = {text}"}, "fields_sent", "Nothing says where {to}"),
        ({"fields_sent": "to = {to}"}, "fields_sent", "Nothing says where {text}"),
        ({"fields_sent": ""}, "fields_sent", "Say what is to be sent"),
        ({"body": "xml"}, "xml", "Say what is to be sent"),
        ({"body": "xml", "xml": "<a>{to}{text}"}, "xml", "This is not XML"),
        ({"headers": "X Key: 1"}, "headers", "'X Key' cannot be the name of a header"),
        ({"success": ""}, "success", "how an answer looks"),
        ({"success": "OK"}, "success", "begins with none of status"),
        ({"success": "status 2xx"}, "success", "'2xx' is no HTTP status"),
        ({"success": "regex (a"}, "success", "missing )"),
        ({"success": "regex (?=a)"}, "success", "Look-ahead"),
        ({"success": "field = 1"}, "success", "not complete"),
        ({"id_at": "line two"}, "id_at", "no line's number"),
        ({"id_at": "field"}, "id_at", "lacks what comes after"),
        ({"errors_sorted": "number text"}, "errors_sorted", "lacks a name or the ':'"),
        ({"errors_sorted": "oops: any"}, "errors_sorted", "'oops' is no outcome"),
        ({"check_url": ""}, "check_url", "Enter the address for checking"),
        ({"auth": "header"}, "auth_header", "Enter the header's name"),
        ({"auth": "bearer", "password": ""}, "password", "needs it"),
        ({"number_format": "national", "country_code": ""}, "country_code", "country"),
        ({"country_code": "+48"}, "country_code", "digits only"),
        ({"received": "from = sender"}, "received", "'from' is not known here"),
        ({"received": "sender = from"}, "received", "A line for text is missing"),
        ({"received": "sender ="}, "received", "lacks the name that the provider uses"),
        ({"reports": "status = s"}, "reports", "for id or for reference"),
        ({"reports": "id = i"}, "reports", "A line for status is missing"),
        ({"report_words": "OK = fine"}, "report_words", "'fine' says nothing about 'OK'"),
        ({"signature": "hmac-sha256", "signature_name": "X"}, "signature_secret", "the secret"),
        ({"signature": "basic", "signature_secret": "S"}, "signature_name", "Enter the name"),
        ({"time_zone": "Warsaw"}, "time_zone", "no time zone"),
    ],
)
def test_a_mistake_is_told_at_its_field(change: dict[str, str], field: str, said: str) -> None:
    found = errors(**change)
    assert list(found) == [field]
    assert said in found[field]


def test_a_greedy_pattern_takes_no_time() -> None:
    """With a backtracking engine this one takes longer than the universe is old."""
    began = time.monotonic()
    rule = _rules.condition(r"regex ^(a+)+(a+)+(a+)+$")
    assert not rule(_rules.Seen(b"a" * 15_000 + b"!"))
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", ["1"]),
        ("list.0.n", ["x"]),
        ("list.*.n", ["x", "y"]),
        ("list.n", ["x"]),
        ("list.7.n", []),
        ("a.b.c", []),
        ("on", ["true"]),
        ("nothing", []),
    ],
)
def test_paths(path: str, found: list[str]) -> None:
    body = b'{"a":{"b":1},"list":[{"n":"x"},{"n":"y"}],"on":true,"nothing":null}'
    assert _tree.values(_tree.tree(body), path) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [("r.@code", ["0"]), ("r.id", ["7"]), ("s.*.id", ["1", "2"]), ("t.*.id", ["3"]), ("u", ["x"])],
)
def test_paths_in_xml(path: str, found: list[str]) -> None:
    body = b"""<a xmlns="urn:x"><r code="0"><id>7</id></r><s><id>1</id></s><s><id>2</id></s>
    <t><id>3</id></t><u v="1">x</u></a>"""
    assert _tree.values(_tree.tree(body), path) == found


def test_a_rule_with_no_kind_says_which_there_are() -> None:
    with pytest.raises(ValidationError, match="status, text, field, regex, any"):
        _rules.condition("")
