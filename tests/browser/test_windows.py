"""A chat network in the browser: the time left, the locked composer, a template instead."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..stories.system import System
from ..stories.vendor import Request, Response, Vendor
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.story]

NUMBER = "106540352242922"
CONFIGURATION = """
extensions:
  - {{number: "1001", name: Anna, username: anna, password: a-password-for-anna}}
queues:
  - {{name: Support, pickup: manual, members: ["1001"]}}
channels:
  - name: WhatsApp
    provider: whatsapp
    api_address: {graph}
    rate: 50
    credentials:
      {{access_token: TOKEN, app_secret: SECRET, verify_token: word, account_id: "10229"}}
    numbers:
      - {{number: "106540352242922", inbound: {{queue: Support}}, may_start: ["1001"]}}
"""
TEMPLATES = {
    "data": [
        {
            "name": "appointment",
            "language": "en",
            "status": "APPROVED",
            "category": "UTILITY",
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Your visit"},
                {"type": "BODY", "text": "Hello {{1}}, we expect you on {{2}}."},
            ],
        },
        {"name": "new", "language": "en", "status": "PENDING", "category": "UTILITY"},
    ]
}


@pytest.fixture(scope="module")
def graph() -> Iterator[Vendor]:
    with Vendor() as vendor:
        vendor.answer = _answer
        yield vendor


@pytest.fixture(scope="module")
def parley(graph: Vendor) -> Iterator[System]:
    configuration = CONFIGURATION.format(graph=graph.url)
    with System(configuration) as system:
        system.manage("shell", "-c", "from routing.asking import *; sync_all_templates()")
        yield system


def _answer(request: Request) -> Response:
    if request.path.endswith("/message_templates"):
        return Response(TEMPLATES)
    return Response({"messages": [{"id": f"wamid.{time.monotonic_ns()}"}]})


def says(parley: System, name: str, text: str, ago: float = 0) -> None:
    """The customer writes, so many seconds ago."""
    phone = f"1202555{sum(map(ord, name)):04d}"
    message = {"from": phone, "id": f"{name} {text}", "timestamp": str(int(time.time() - ago))}
    value = {
        "metadata": {"phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": name}, "wa_id": phone}],
        "messages": [{**message, "type": "text", "text": {"body": text}}],
    }
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()
    signed = "sha256=" + hmac.new(b"SECRET", body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signed}
    request = urllib.request.Request(parley.webhook_url("WhatsApp"), body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def opened(visit: Visit, name: str) -> Page:
    page = visit(agent="anna")
    page.get_by_role("link", name=re.compile(name)).click()
    expect(page.get_by_role("article").get_by_role("heading", name=name)).to_be_visible()
    return page


def sent(graph: Vendor, kind: str) -> list[dict[str, Any]]:
    messages = [r.json() for r in graph.requests if r.path.endswith(f"/{NUMBER}/messages")]
    return [each for each in messages if each["type"] == kind]


def test_after_the_window_a_template_goes_and_an_answer_opens_it_again(
    visit: Visit, parley: System, graph: Vendor
) -> None:
    says(parley, "Zoe", "Good evening", ago=25 * 3600)
    page = opened(visit, "Zoe")
    expect(page.locator(".lock")).to_contain_text("and these are over. Send a template")
    expect(page.get_by_role("textbox", name="Message")).to_have_count(0)
    page.get_by_role("button", name="Choose a template").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("{{1}}")).not_to_be_visible()
    dialog.get_by_label("Template").select_option(label="appointment (en) · utility")
    dialog.get_by_label("{{1}}").fill("Zoe")
    expect(dialog.locator(".preview")).to_contain_text("Hello Zoe, we expect you on {{2}}.")
    dialog.get_by_label("{{2}}").fill("Monday")
    dialog.get_by_role("button", name="Send").click()
    expect(page.get_by_role("log")).to_contain_text("Hello Zoe, we expect you on Monday.")
    expect(page.locator(".own .mark.sent")).to_have_count(1)
    (body,) = sent(graph, "template")[-1]["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == ["Zoe", "Monday"]
    says(parley, "Zoe", "Thank you")
    expect(page.locator("#window")).to_contain_text("Free texts for another 23 h 59 min")
    page.get_by_role("textbox", name="Message").fill("You are welcome")
    page.keyboard.press("Enter")
    expect(page.locator(".own .mark.sent")).to_have_count(2)
    assert sent(graph, "text")[-1]["text"]["body"] == "You are welcome"


def test_the_composer_locks_by_itself_when_the_time_is_over(visit: Visit, parley: System) -> None:
    says(parley, "Leo", "Hello", ago=24 * 3600 - 12)
    page = opened(visit, "Leo")
    expect(page.locator("#window.soon")).to_contain_text(re.compile(r"another \d+ s"))
    expect(page.locator(".lock")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("textbox", name="Message")).to_have_count(0)


def test_a_session_begins_with_a_template(visit: Visit, parley: System, graph: Vendor) -> None:
    page = visit(agent="anna")
    page.get_by_role("button", name="New session").click()
    expect(page.get_by_text("or a user ID like")).to_be_visible()
    page.get_by_label("To", exact=True).fill("+41 79 111 22 33")
    page.get_by_role("textbox", name="Message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("this customer has not written yet")
    page.get_by_label("Template").select_option(label="appointment (en)")
    expect(page.get_by_role("textbox", name="Message")).not_to_be_visible()
    page.get_by_label("{{1}}").fill("Ida")
    page.get_by_label("{{2}}").fill("Friday")
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile(r"/s/\d+/$"))
    expect(page.get_by_role("log")).to_contain_text("Hello Ida, we expect you on Friday.")
    expect(page.locator(".own .mark.sent")).to_have_count(1)
    assert sent(graph, "template")[-1]["to"] == "41791112233"
