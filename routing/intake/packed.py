"""Messages that came without a request, in a form in which one can be held and replayed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from providers.base import Inbound, Media, WebhookRequest
from providers.errors import WebhookError
from providers.reading import clean

METHOD = "(link)"  # no caller of a webhook can make a request with brackets in its method


def pack(messages: Sequence[Inbound]) -> WebhookRequest:
    """The messages as a request; without their files where these would make it too large."""
    for keep in (True, False):
        body = orjson.dumps([_plain(message, keep) for message in messages], default=_coded)
        if len(body) <= settings.WEBHOOK_MAX_BYTES:
            break
    return WebhookRequest(method=METHOD, body=body)


def unpack(body: bytes) -> list[Inbound]:
    """The messages of a packed request. Raises WebhookError if it is none."""
    try:
        return [_message(each) for each in orjson.loads(body)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WebhookError(f"What is kept here cannot be read: {error}.") from error


def _plain(message: Inbound, keep: bool) -> dict[str, Any]:
    found = {n: clean(v) if isinstance(v, str) else v for n, v in asdict(message).items()}
    if not keep:
        for each in found["media"]:
            each["content"] = None
    return found


def _coded(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _message(found: dict[str, Any]) -> Inbound:
    at = found.pop("sent_at")
    media = [
        Media(**{**each, "content": each["content"] and base64.b64decode(each["content"])})
        for each in found.pop("media")
    ]
    others = tuple(found.pop("others"))
    when = datetime.fromisoformat(at) if at else None
    return Inbound(**found, others=others, media=tuple(media), sent_at=when)
