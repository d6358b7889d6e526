"""The harness of the stories: real processes, which can be lost and come back."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from .stories.system import System
from .stories.vendor import Response, Vendor

pytestmark = pytest.mark.story

CONFIGURATION = """
extensions:
  - {number: "1001", name: Anna, username: anna, password: a-long-password-1}
queues:
  - {name: Support, members: ["1001"]}
channels:
  - name: Phone
    provider: sandbox
    rate: 10
    numbers:
      - {number: "+41791234510", inbound: {queue: Support}, may_start: ["1001"]}
"""


@pytest.fixture(scope="module")
def parley() -> Iterator[System]:
    with System(CONFIGURATION) as system:
        yield system


def _post(url: str, fields: dict[str, Any]) -> int:
    request = urllib.request.Request(
        url, json.dumps(fields).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


def test_a_webhook_becomes_a_message_through_the_real_front(parley: System) -> None:
    text = {"type": "message", "from": "+41791112233", "to": "+41791234510", "text": "Grüezi"}
    assert _post(parley.webhook_url("Phone"), text) == 200
    rows = parley.sql("SELECT text FROM routing_message WHERE direction = %s", "in")
    assert rows == [("Grüezi",)]


def test_it_is_ready_and_says_which_part_is_not(parley: System) -> None:
    assert requests.get(f"{parley.url}/readyz", timeout=20).json()["ok"]
    parley.valkey.stop()
    answer = requests.get(f"{parley.url}/readyz", timeout=20)
    assert answer.status_code == 503
    assert answer.json()["database"] == {"ok": True}
    assert not answer.json()["redis"]["ok"] and not answer.json()["broker"]["ok"]
    assert "valkey.sock" not in answer.text
    parley.start_valkey()
    parley.wait(lambda: requests.get(f"{parley.url}/readyz", timeout=20).ok, what="readiness")


def test_a_killed_worker_is_gone_and_a_new_one_listens(parley: System) -> None:
    parley.wait_for_workers()
    parley.kill(parley.workers[0])
    with parley.redis() as client:
        parley.wait(lambda: not parley._listening(client), what="the dead to hang up")
    parley.start_worker()
    assert len(parley.workers) == 1
    parley.stop(parley.workers[0])
    parley.start_worker()


def test_a_failing_command_shows_its_words(parley: System) -> None:
    with pytest.raises(AssertionError, match="no-such-command"):
        parley.manage("no-such-command")


def test_the_vendor_plays_what_it_is_told() -> None:
    echo = Vendor(lambda request: Response({"you": request.form()["a"]}, 201))
    with echo as vendor, requests.Session() as http:
        answer = http.post(f"{vendor.url}/x?b=1", data={"a": "ü"}, timeout=5)
        assert (answer.status_code, answer.json()) == (201, {"you": "ü"})
        [request] = vendor.requests_to("/x")
        assert (request.method, request.query) == ("POST", {"b": "1"})

        chunks = (part for part in (b'{"a"', b": 1}"))
        vendor.answer = lambda request: Response(str(request.json()["a"]), 429)
        assert http.post(vendor.url, data=chunks, timeout=5).text == "1"

        vendor.answer = lambda request: Response(delay=0.2)
        began = time.monotonic()
        http.get(vendor.url, timeout=5)
        assert time.monotonic() - began >= 0.2

        vendor.answer = lambda request: Response(drop=True)
        with pytest.raises(requests.ConnectionError):
            http.post(vendor.url, timeout=5)

        vendor.answer = lambda request: Response("back")
        http.get(vendor.url, timeout=5)
        vendor.stop()
        with pytest.raises(requests.ConnectionError):
            http.get(vendor.url, timeout=5)
        vendor.start()
        assert http.get(vendor.url, timeout=5).text == "back"
