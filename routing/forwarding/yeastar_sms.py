"""How a PBX whose SMS provider we are is told of a received text.

The envelope is that of the "General" provider. How files are told stands in no page that could be
read; they follow the messages of Telnyx, whose shape the envelope has.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from providers.base import Call

from .. import files
from ..models import Attachment, PlatformEvent
from .naming import public_id


def payload(event: PlatformEvent) -> bytes:
    """The request's body: compact UTF-8, the very bytes that are signed."""
    message = event.message
    assert message is not None  # only messages lead to a door's receiver
    name = str(public_id(message))
    media = [_file(each) for each in message.attachments.filter(state=Attachment.KEPT)]
    at = _stamp(message.created_at)
    told: dict[str, Any] = {
        "id": name,
        "record_type": "message",
        "direction": "inbound",
        "type": "MMS" if media else "SMS",
        "from": {"phone_number": message.sender},
        "to": [{"phone_number": event.session.number.value}],
        "text": message.text,
        "received_at": at,
    }
    if media:
        told["media"] = media
    envelope = {
        "data": {
            "event_type": "message.received",
            "id": name,
            "occurred_at": at,
            "payload": told,
            "record_type": "message",
        }
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def _file(attachment: Attachment) -> dict[str, Any]:
    return {
        "url": files.link(attachment),
        "content_type": attachment.content_type,
        "size": attachment.size,
    }


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def sign(secret: str, body: bytes) -> str:
    """The X-Signature-256 of a body: its HMAC-SHA256 in lower-case hexadecimal digits."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def call(event: PlatformEvent) -> Call:
    """The signed POST."""
    body = payload(event)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Signature-256": sign(event.platform.secret, body),
    }
    return Call("POST", event.platform.url, body=body, headers=headers)
