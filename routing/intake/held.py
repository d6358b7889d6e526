"""Requests that could not become messages are kept whole, until they can."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db.models import F
from django.utils import timezone

from channels_app.models import Channel
from providers.base import WebhookRequest
from providers.http import redact

from ..models import Held

_HIDDEN = {"authorization", "cookie", "proxy-authorization"}


def hold(
    channel: Channel, request: WebhookRequest, cause: str, error: str, secrets: Iterable[str]
) -> None:
    """Keep a request for the administrator; one that the provider repeats is kept once."""
    kept = b"" if cause == Held.OVERSIZED else request.body
    hour = timezone.now().strftime("%Y%m%d%H")  # the same words later on are another message
    parts = (request.method, request.tail, request.query_string, hour)
    digest = hashlib.sha256("\x00".join(parts).encode() + b"\x00" + kept).hexdigest()
    held, made = Held.objects.get_or_create(
        channel=channel,
        digest=digest,
        settled_at=None,
        defaults={
            "cause": cause,
            "error": error[:500],
            "method": request.method,
            "tail": request.tail[:255],
            "query": redact(request.query_string, secrets),
            "headers": {n: v for n, v in request.headers.items() if n not in _HIDDEN},
            "body": kept,
            "remote": request.remote,
        },
    )
    if not made:
        Held.objects.filter(pk=held.pk).update(repeats=F("repeats") + 1, error=error[:500])
