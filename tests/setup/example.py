"""The example of the documentation, and short ways to apply and export."""

from __future__ import annotations

import pytest
import yaml

from routing import setup

EXAMPLE = """\
extensions:
  - {number: "1001", name: First Extension, username: first, password: first-password}
  - {number: "1002", name: Second Extension, username: second, password: second-password}
queues:
  - {name: Support, pickup: manual, members: ["1001", "1002"]}
platforms:
  - {name: Analytics, url: "http://127.0.0.1:9100/events"}
channels:
  - name: Swiss SMS
    provider: aspsms
    credentials: {user_key: KEY, password: SECRET}
    api_address: "http://127.0.0.1:9001"     # optional
    rate: 10
    close_after_days: 3                       # leave out: never
    numbers:
      - {number: "+41791234510", inbound: {queue: Support}, may_start: ["1001"]}
      - {number: "+41791234511", inbound: {extension: "1002"}}
      - {number: "+41791234512", inbound: {platform: Analytics}}
"""


def changes(text: str, **options) -> list[str]:
    return [str(each) for each in setup.apply(text, **options).changes]


def mistakes(text: str) -> list[str]:
    with pytest.raises(setup.NotApplied) as caught:
        setup.apply(text)
    return caught.value.mistakes


def everything() -> dict:
    return yaml.safe_load(setup.export(with_secrets=True))
