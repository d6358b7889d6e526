"""Event 30031: how a third-party platform is told of a new message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from providers.base import Call

from .. import files
from ..models import Attachment, Customer, PlatformEvent

#: Kinds of customers as the Open API numbers them: 2 is SMS.
USER_TYPES = {Customer.PHONE: 2, "whatsapp": 3, "messenger": 4, "livechat": 5}
TRANSFERRED = 1  # the msg_type of an event without a message


def payload(event: PlatformEvent) -> bytes:
    """The request's body: ``{"type": 30031, "sn": ..., "msg": "<JSON>"}``."""
    return envelope(event.type, told(event))


def envelope(kind: int, said: dict[str, Any]) -> bytes:
    """An event around what it says; ``sn`` is a name for this installation: PUBLIC_URL's host."""
    sn = urlsplit(settings.PUBLIC_URL).netloc
    about = {"type": kind, "sn": sn, "msg": json.dumps(said, ensure_ascii=False)}
    return json.dumps(about, ensure_ascii=False).encode()


def told(event: PlatformEvent) -> dict[str, Any]:
    """What event 30031 says of a new message, or of a session that comes to the platform.

    The vendor's page on 30031 could not be read, so the fields follow event 30032 and its message
    records, with what a platform needs besides: session_id, msg_id, sender {user_id (0), user_no,
    user_type, avatar, username}, msg_kind, msg_type (0; 1 for a session that was transferred
    without a new message), msg_body, msg_files (a JSON string: a list of {id, name, uri, type,
    size}; ``uri`` is a link that expires, "" for a file that could not be had), send_time and
    receive_time (Unix seconds), channel {id, name, type}, did_number, customer {id, number, name}.
    """
    message, session = event.message, event.session
    assert session is not None  # system events are none of a plain platform's
    customer = session.customer
    at = message.created_at if message else event.created_at
    return {
        "session_id": session.pk,
        "msg_id": message.pk if message else 0,
        "sender": {
            "user_id": 0,
            "user_no": customer.address,
            "user_type": USER_TYPES.get(customer.network, 2),
            "avatar": "",
            "username": customer.name,
        },
        "msg_kind": 0,
        "msg_type": 0 if message else TRANSFERRED,
        "msg_body": message.text if message else "",
        "msg_files": json.dumps([_file(each) for each in _files(event)]),
        "send_time": int(((message and message.provider_at) or at).timestamp()),
        "receive_time": int(at.timestamp()),
        "channel": {
            "id": session.channel.pk,
            "name": session.channel.name,
            "type": session.channel.provider,
        },
        "did_number": session.number.value,
        "customer": {"id": customer.pk, "number": customer.address, "name": customer.name},
    }


def _files(event: PlatformEvent) -> list[Attachment]:
    return list(event.message.attachments.all()) if event.message else []


def _file(attachment: Attachment) -> dict[str, Any]:
    kept = attachment.state == Attachment.KEPT
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "uri": files.link(attachment) if kept else "",
        "type": attachment.content_type,
        "size": attachment.size,
    }


def sign(secret: str, body: bytes) -> str:
    """The X-Signature of a body: Base64 of its HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def call(event: PlatformEvent) -> Call:
    """The signed POST."""
    body = payload(event)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Signature": sign(event.platform.secret, body),
    }
    return Call("POST", event.platform.url, body=body, headers=headers)
