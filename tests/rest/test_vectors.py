"""The published test vectors, by our code and by the documentation's."""

from __future__ import annotations

import re
from typing import Any

from routing.forwarding import webhook
from routing.models import Change

from ..stories.databases import ROOT

TEXT = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
NAMES = ("Secret", "Webhook-Id", "Webhook-Timestamp", "Body", "Signature")


def vectors() -> list[tuple[str, ...]]:
    columns = [re.findall(rf"^\| {name} \| `(.*)` \|$", TEXT, re.MULTILINE) for name in NAMES]
    return list(zip(*columns, strict=True))


def test_our_signatures_are_the_published_ones() -> None:
    assert len(vectors()) == 3
    for secret, name, at, body, signature in vectors():
        assert webhook.sign(secret, name, int(at), body.encode()) == signature


def test_the_documented_check_takes_them_and_no_others() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)
    for secret, name, at, body, signature in vectors():
        headers = {"Webhook-Id": name, "Webhook-Timestamp": at}
        signed = headers | {"Webhook-Signature": f"v1,another {signature}"}
        assert found["is_from_parley"](secret, signed, body.encode())
        assert not found["is_from_parley"](secret, signed, body.encode() + b" ")
        late = signed | {"Webhook-Timestamp": "1772359201"}
        assert not found["is_from_parley"](secret, late, body.encode())


def test_every_kind_of_event_is_documented() -> None:
    for kind in Change.KINDS:
        assert f"`{kind}`" in TEXT
