"""A form with a file in it, for the providers that want the bytes and no address."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from ..base import Media


def multipart(fields: Mapping[str, str], name: str, file: Media) -> tuple[bytes, dict[str, str]]:
    """The body of a form with these fields and one file, called ``name``; and its headers."""
    border = f"parley-{secrets.token_hex(16)}"
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{_quoted(field)}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
        f'filename="{_quoted(file.name or "file")}"\r\n'
        f"Content-Type: {file.content_type or 'application/octet-stream'}\r\n\r\n"
    )
    body = (
        "".join([*parts, head]).encode() + (file.content or b"") + f"\r\n--{border}--\r\n".encode()
    )
    return body, {"Content-Type": f"multipart/form-data; boundary={border}"}


def _quoted(text: str) -> str:
    """The text as browsers write it between quotation marks."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
