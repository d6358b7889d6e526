"""Reads the webhook of a recorded exchange: of a fixture, or of a file like one."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

from .webhook import WebhookRequest


def request_of(told: dict[str, Any], address: str) -> WebhookRequest:
    """The request that a fixture's "webhook" describes, to the webhook at this address.

    Raises ValueError if it has more than one of body, form, raw and base64.
    """
    headers = {name.lower(): value for name, value in told.get("headers", {}).items()}
    if len({"body", "form", "raw", "base64"} & told.keys()) > 1:
        raise ValueError("a webhook has one of body, form, raw and base64")
    body = b""
    if "body" in told:
        body = json.dumps(told["body"]).encode()
        headers.setdefault("content-type", "application/json")
    elif "form" in told:
        body = urlencode(told["form"], doseq=True).encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif "raw" in told:
        body = told["raw"].encode()
    elif "base64" in told:
        body = base64.b64decode(told["base64"])
    query = told.get("query", "")
    query = query if isinstance(query, str) else urlencode(query, doseq=True)
    tail = told.get("tail", "")
    url = address + ("/" + tail if tail else "") + ("?" + query if query else "")
    return WebhookRequest(
        method=told.get("method", "POST"),
        url=told.get("url", url),
        tail=tail,
        query=query,
        headers=headers,
        body=body,
        remote=told.get("remote", ""),
    )
