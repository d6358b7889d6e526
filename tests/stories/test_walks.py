"""The whole way with each provider: its documented payload in, the agent's answer out as
documented, the report in, delivered. The real system, and a server that stands in for the provider.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from .agent import Agent
from .system import System
from .vendor import Request, Response, Vendor

pytestmark = pytest.mark.story

OURS, CUSTOMER = "+41791234510", "+41791112233"
CONFIGURATION = """
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
  - {{number: "1002", name: Second Extension, username: second, password: second-password-1}}
queues:
  - {{name: Support, pickup: auto, members: ["1001", "1002"]}}
channels:
  - name: Swiss SMS
    provider: aspsms
    credentials: {{user_key: KEY, password: SECRET}}
    api_address: "{url}/aspsms"
    rate: 10
    numbers: [{{number: "{ours}", inbound: {{queue: Support}}, may_start: ["1001"]}}]
  - name: Apidaze
    provider: apidaze
    credentials: {{api_key: APIKEY, api_secret: APISECRET}}
    api_address: "{url}/apidaze"
    accompanying_text: A file for you
    rate: 10
    numbers: [{{number: "{ours}", inbound: {{extension: "1001"}}}}]
  - name: General
    provider: general
    credentials: {{api_key: BEARER, secret: WEBHOOKSECRET}}
    api_address: "{url}"
    rate: 10
    numbers: [{{number: "{ours}", inbound: {{extension: "1002"}}}}]
"""


def answer(request: Request) -> Response:
    """What the three providers say, as their documentation shows it."""
    if request.path.startswith("/aspsms"):
        return Response({"StatusCode": "1", "StatusInfo": "OK"})
    if request.path.startswith("/apidaze"):
        return Response(
            {"ok": True, "message": "Message sent", "details": {"uuid": "0d706ee2-5dab"}}
        )
    return Response({"data": {"id": "SDPS260325103012A1B2C3D"}})


@pytest.fixture(scope="module")
def provider() -> Iterator[Vendor]:
    with Vendor(answer) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def parley(provider: Vendor) -> Iterator[System]:
    with System(CONFIGURATION.format(url=provider.url, ours=OURS), beat=True) as system:
        yield system


@pytest.fixture
def first(parley: System) -> Agent:
    return Agent(parley, "first", "first-password-1")


def last_state(parley: System) -> str:
    query = "SELECT status FROM routing_message WHERE direction = 'out' ORDER BY id DESC LIMIT 1"
    rows = parley.sql(query)
    return rows[0][0] if rows else ""


def sent_to(provider: Vendor, path: str) -> Request | None:
    return next((r for r in reversed(provider.requests) if r.path.startswith(path)), None)


def test_aspsms(parley: System, provider: Vendor, first: Agent) -> None:
    body = {
        "MessageDataHex": "Grüezi".encode("utf-16-be").hex().upper(),
        "Recipient": OURS,
        "Originator": CUSTOMER,
        "DateReceived": "20.11.2026 10:00:00",
    }
    url = parley.webhook_url("Swiss SMS")
    for _ in range(2):  # the provider repeats itself
        assert requests.post(url, json=body, timeout=20).status_code == 200
    (session,) = first.sessions()
    page = first.page(f"/s/{session}/")
    assert "Grüezi" in page
    assert parley.sql("SELECT count(*) FROM routing_message WHERE direction = 'in'") == [(1,)]
    first.answer(session, "Guten Tag")
    request = parley.wait(lambda: sent_to(provider, "/aspsms/SendTextSMS"), 20)
    sent = request.json()
    recipient, _, reference = sent["Recipients"][0].partition(":")
    assert (sent["UserName"], sent["Password"]) == ("KEY", "SECRET")
    assert (sent["Originator"], recipient, sent["MessageText"]) == (OURS, CUSTOMER, "Guten Tag")
    parley.wait(lambda: last_state(parley) == "sent", 10)
    report = sent["URLDeliveryNotification"].replace("<TRN>", reference)
    assert report.startswith(url)
    assert requests.get(report, timeout=20).status_code == 200
    assert last_state(parley) == "delivered"
    assert "Delivered" in first.page(f"/s/{session}/")


def test_apidaze_with_a_picture(
    parley: System, provider: Vendor, first: Agent, tmp_path: Path
) -> None:
    body = {
        "type": "incomingWebhookSMS",
        "caller_id_number": CUSTOMER[1:],
        "destination_number": OURS[1:],
        "text": "hello",
    }
    url = parley.webhook_url("Apidaze")
    assert requests.post(url, json=body, timeout=20).status_code == 200
    session = first.sessions()[0]
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    first.answer(session, "", picture)
    request = parley.wait(lambda: sent_to(provider, "/apidaze/APIKEY/sms/send"), 20)
    form = parse_qs(request.body.decode())
    assert request.query["api_secret"] == "APISECRET"
    assert (form["from"], form["to"]) == ([OURS[1:]], [CUSTOMER[1:]])
    assert (form["message_type"], form["body"]) == (["MMS"], ["A file for you"])
    link = form["file_urls[0]"][0]
    assert urlsplit(link).path.startswith("/files/")
    assert requests.get(link, timeout=20).content == picture.read_bytes()
    parley.wait(lambda: last_state(parley) == "sent", 10)
    report = {"status": "delivered", "msgid": "0d706ee2-5dab"}
    assert requests.post(url, data=report, timeout=20).status_code == 200
    assert last_state(parley) == "delivered"
    rows = parley.sql("SELECT calls FROM routing_exchange")
    assert not any("APISECRET" in calls for (calls,) in rows)


def test_general(parley: System, provider: Vendor) -> None:
    second = Agent(parley, "second", "second-password-1")
    body = {
        "data": {
            "event_type": "message.received",
            "id": "event-1",
            "occurred_at": "2025-05-01T10:00:00.000+00:00",
            "record_type": "event",
            "payload": {
                "id": "message-1",
                "from": {"phone_number": CUSTOMER},
                "to": [{"phone_number": OURS}],
                "text": "Cześć",
                "received_at": "2025-05-01T10:00:00.000+00:00",
                "record_type": "message",
                "direction": "inbound",
                "type": "SMS",
            },
        }
    }
    raw = json.dumps(body, ensure_ascii=False).encode()
    url = parley.webhook_url("General")
    signature = "sha256=" + hmac.new(b"WEBHOOKSECRET", raw, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Signature-256": signature}
    wrong = {**headers, "X-Signature-256": "sha256=" + "0" * 64}
    assert requests.post(url, raw, headers=wrong, timeout=20).status_code == 403
    assert requests.post(url, raw, headers=headers, timeout=20).status_code == 200
    session = second.sessions()[0]
    assert "Cześć" in second.page(f"/s/{session}/")
    second.answer(session, "Dzień dobry")
    path = "/api/v1/integration/yeastar/sms/sendmessage"
    request = parley.wait(lambda: sent_to(provider, path), 20)
    assert request.headers["authorization"] == "Bearer BEARER"
    assert request.json() == {"from": OURS, "to": CUSTOMER, "text": "Dzień dobry"}
    parley.wait(lambda: last_state(parley) == "sent", 10)
    report = {
        "data": {
            "event_type": "message.finalized",
            "id": "event-2",
            "payload": {
                "id": "SDPS260325103012A1B2C3D",
                "to": [{"phone_number": CUSTOMER, "status": "delivered"}],
            },
        }
    }
    raw = json.dumps(report).encode()
    headers["X-Signature-256"] = (
        "sha256=" + hmac.new(b"WEBHOOKSECRET", raw, hashlib.sha256).hexdigest()
    )
    assert requests.post(url, raw, headers=headers, timeout=20).status_code == 200
    assert last_state(parley) == "delivered"


def test_what_is_not_theirs_stays_hidden(parley: System, first: Agent) -> None:
    ((theirs,),) = parley.sql(
        "SELECT s.id FROM routing_session s JOIN routing_extension e ON e.id = s.holder_id "
        "WHERE e.number = '1002'"
    )
    assert theirs not in first.sessions()
    assert first.http.get(f"{first.url}/s/{theirs}/", timeout=20).status_code == 404


def test_bad_requests_are_told_in_words(parley: System) -> None:
    url = parley.webhook_url("General")
    unknown = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert requests.post(unknown, json={}, timeout=20).status_code == 404
    huge = requests.post(parley.webhook_url("Swiss SMS"), data=b"x" * 20_000_000, timeout=60)
    assert huge.status_code == 413
    assert "too large" in huge.text
    broken = requests.post(parley.webhook_url("Swiss SMS"), data=b'{"Recipient": ', timeout=20)
    assert broken.status_code in (200, 400)
    causes = {cause for (cause,) in parley.sql("SELECT cause FROM routing_held")}
    assert causes == {"oversized", "unreadable"}
