"""JSON web tokens by a shared secret, with which some providers sign their requests."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from ..errors import WebhookError

DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def signed(secret: str, claims: Mapping[str, Any]) -> str:
    """A token with these claims, by HS256."""
    said = unsigned({"alg": "HS256", "typ": "JWT"}, claims)
    return f"{said}.{text(_mac(secret, said, 'HS256'))}"


def unsigned(head: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """The first two parts of a token, over which the signature goes."""
    parts = (json.dumps(each, separators=(",", ":")).encode() for each in (head, claims))
    return ".".join(text(part) for part in parts)


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def claims_of(token: str, secret: str, field: str, ways: tuple[str, ...] = ("HS256",)) -> Any:
    """The claims of a token, a JSON object. Raises WebhookError unless its signature is right.

    ``field`` is the credential that holds the secret, ``ways`` are the algorithms allowed.
    """
    said, _, given = token.rpartition(".")
    try:
        head, claims = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in said.split(".")
        )
    except (ValueError, RecursionError):
        raise WebhookError(f"The token is missing or wrong; compare the {field}.") from None
    way = head.get("alg") if isinstance(head, dict) else None
    if way not in ways or not isinstance(claims, dict):
        raise WebhookError(f"The token is not signed by {' or '.join(ways)}.")
    if not hmac.compare_digest(
        text(_mac(secret, said, way)).encode(), given.encode("utf-8", "replace")
    ):
        raise WebhookError(f"The token is missing or wrong; compare the {field}.")
    return claims


def _mac(secret: str, said: str, way: str) -> bytes:
    return hmac.new(secret.encode(), said.encode("utf-8", "replace"), DIGESTS[way]).digest()
