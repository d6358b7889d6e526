"""What a request to a webhook says, in whichever way its provider, or an administrator, chose.

For providers whose documents leave open how they call, or let people write the address themselves:
a query, a form, a form with files (multipart) and JSON are all read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from django import forms

from ..base import Media, WebhookRequest
from ..errors import WebhookError
from ..reading import clean

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def told(request: WebhookRequest, *, spare: str = "latin-1") -> dict[str, Any]:
    """The parameters of the query and of the body; empty for a request that says nothing.

    Bytes that are not in the charset they should be in are read in ``spare``. Raises WebhookError
    if the body is neither a form nor JSON.
    """
    query = request.query_string
    raw = query.encode(
        "latin-1" if query.isascii() or max(query) < "\u0100" else "utf-8", "replace"
    )
    found: dict[str, Any] = _pairs(raw, "utf-8", spare)
    body = request.body.strip()
    if _is_multipart(request):
        for name, _, content in _parts(request):
            if name and isinstance(content, str):
                found[name] = content
    elif body[:1] in (b"{", b"["):
        found |= request.json
    elif b"=" in body:
        found |= _pairs(body, request.charset, spare)
    elif body:
        raise WebhookError("The body is neither a form nor JSON.")
    return found


def uploads(request: WebhookRequest) -> tuple[Media, ...]:
    """The files of a multipart request."""
    if not _is_multipart(request):
        return ()
    return tuple(
        Media(content=content, name=name, content_type=kind, size=len(content))
        for name, kind, content in _parts(request)
        if isinstance(content, bytes)
    )


def own_number() -> forms.CharField:
    """The field of a provider that does not tell which of our numbers a message came to."""
    return forms.CharField(
        label="Own number",
        required=False,
        help_text="Received messages that do not name a number of ours are taken for this one. "
        "Enter it as it stands under Numbers.",
    )


def _pairs(raw: bytes, charset: str, spare: str) -> dict[str, str]:
    """The pairs of a URL-encoded text; of a repeated name the last."""
    text = _BEYOND_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], raw).decode("ascii")
    for encoding, errors in ((charset, "strict"), (spare, "replace")):
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, encoding=encoding, errors=errors, max_num_fields=1000
            )
        except UnicodeDecodeError:
            continue
        except (LookupError, ValueError) as error:
            raise WebhookError(f"The form cannot be read: {error}.") from None
        return dict(pairs)
    raise WebhookError("The form cannot be read.")


def _is_multipart(request: WebhookRequest) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/")


def _parts(request: WebhookRequest) -> Iterator[tuple[str, str, str | bytes]]:
    """Each part: a field's name and text, or a file's name and bytes; and its MIME type."""
    kind = " ".join(request.headers.get("content-type", "").split())
    head = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n"
    try:
        whole = BytesParser().parsebytes(head + request.body)
        parts = whole.get_payload() if whole.is_multipart() else []
        for part in parts if isinstance(parts, list) else []:
            if not isinstance(part, Message):
                continue
            content = part.get_payload(decode=True)
            name = part.get_param("name", "", header="content-disposition")
            if not isinstance(content, bytes):
                continue
            if file := part.get_filename():
                yield clean(file), part.get_content_type(), content
            else:
                yield str(name), "", content.decode("utf-8", "replace")
    except (ValueError, LookupError, TypeError) as error:
        raise WebhookError(f"The parts of the form cannot be read: {error}.") from None
