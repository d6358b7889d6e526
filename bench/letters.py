"""Webhook requests of a provider that follows the general contract, as bytes, signed."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

import orjson


class Letters:
    """Makes requests to one channel's webhook."""

    def __init__(self, webhook_url: str, secret: str, recipient: str) -> None:
        parts = urlsplit(webhook_url)
        self.secret, self.recipient = secret.encode(), recipient
        self.head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\n"
        )

    def request(self, provider_id: str, sender: str, text: str) -> bytes:
        payload = {
            "id": provider_id,
            "from": {"phone_number": sender},
            "to": [{"phone_number": self.recipient}],
            "text": text,
            "received_at": "2026-05-01T10:00:00.000+00:00",
            "record_type": "message",
            "direction": "inbound",
            "type": "SMS",
        }
        envelope = {
            "event_type": "message.received",
            "id": f"e-{provider_id}",
            "occurred_at": "2026-05-01T10:00:00.000+00:00",
            "record_type": "event",
            "payload": payload,
        }
        body = orjson.dumps({"data": envelope})
        signed = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        head = f"{self.head}X-Signature-256: sha256={signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


def customer(n: int) -> str:
    """The number of the n-th customer."""
    return f"+4178{2_000_000 + n}"
