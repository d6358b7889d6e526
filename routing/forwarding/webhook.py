"""How a webhook is told of a change: the event as JSON, signed as Standard Webhooks has it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from providers.base import Call

from ..models import Change, Extension, Message, Platform, PlatformEvent, Queue, Session
from ..models.webhooks import SECRET_PREFIX

TEST = "webhook.test"


class Names:
    """Who the holders, queues and platforms of some changes are."""

    def __init__(self, changes: Iterable[Change]) -> None:
        found = list(changes)
        self.holders = _named(Extension.objects.all(), {c.holder_id for c in found})
        self.queues = _named(Queue.objects.all(), {c.queue_id for c in found})
        self.platforms = _named(Platform.objects.all(), {c.platform_id for c in found})


def told(
    change: Change, session: Session | None, message: Message | None, names: Names | None = None
) -> dict[str, Any]:
    """The change as an event. Session and message are as they are now, None if they are gone."""
    event: dict[str, Any] = {
        "id": f"evt_{change.position}",
        "type": change.kind,
        "at": stamp(change.at),
        "session_id": change.session_id,
        "message_id": change.message_id,
        "session": _session(session) if session else None,
        "message": _message(message) if message else None,
    }
    if change.kind in ("session.opened", "session.assigned"):
        names = names or Names([change])
        event["assigned"] = {
            "holder": names.holders.get(change.holder_id),
            "queue": names.queues.get(change.queue_id),
            "platform": names.platforms.get(change.platform_id),
        }
    return event


def _named(rows: Any, keys: set[int | None]) -> Mapping[int | None, dict[str, Any]]:
    wanted = keys - {None}
    return {each.pk: _ref(each) for each in rows.filter(pk__in=wanted)} if wanted else {}


def _ref(thing: Any) -> dict[str, Any]:
    return {"id": thing.pk, "name": thing.name}


def _session(session: Session) -> dict[str, Any]:
    customer = session.customer
    return {
        "id": session.pk,
        "channel": _ref(session.channel),
        "number": {"id": session.number_id, "value": session.number.value},
        "customer": {
            "id": customer.pk,
            "network": customer.network,
            "address": customer.address,
            "name": customer.name,
        },
        "opened_at": stamp(session.opened_at),
        "closed_at": stamp(session.closed_at) if session.closed_at else None,
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "direction": message.direction,
        "status": message.status,
        "reason": message.reason,
        "sender": message.sender,
        "recipient": message.recipient,
        "text": message.text,
        "has_files": message.has_files,
        "author_id": message.author_id,
        "created_at": stamp(message.created_at),
    }


def stamp(at: datetime) -> str:
    """A time as RFC 3339 has it, UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign(secret: str, name: str, at: int, body: bytes) -> str:
    """One signature: ``v1,`` and the Base64 of the HMAC-SHA256 of ``<id>.<timestamp>.<body>``."""
    signed = f"{name}.{at}.".encode() + body
    return (
        "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()
    )


def _key(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def payload(event: PlatformEvent) -> dict[str, Any]:
    """What the event says; of a change that is no longer kept, what is left of it."""
    content = event.content or {}
    if event.session is None:
        return {"id": f"test_{event.pk}", "type": TEST, "at": stamp(event.created_at)}
    position = content.get("position")
    change = Change.objects.filter(position=position).first()
    change = change or Change(
        position=position, kind=content.get("kind", ""), at=event.created_at,
        session_id=event.session_id, message_id=event.message_id,
    )  # fmt: skip
    return told(change, event.session, event.message)


def call(event: PlatformEvent) -> Call:
    """The POST, with one signature for each key."""
    said = payload(event)
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    at = int(timezone.now().timestamp())
    signatures = [sign(key, said["id"], at, body) for key in event.platform.keys]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Parley-Webhooks",
        "Webhook-Id": said["id"],
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": " ".join(signatures),
    }
    return Call("POST", event.platform.url, body=body, headers=headers)
