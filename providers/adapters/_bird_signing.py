"""How Bird signs its requests: one way today, and two of the days of MessageBird."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from ..base import WebhookRequest
from ..errors import WebhookError
from . import _jwt

SIGNATURE, AT, TOKEN = (
    "messagebird-signature",
    "messagebird-request-timestamp",
    "messagebird-signature-jwt",
)
ISSUER = "MessageBird"
WAYS = ("HS256", "HS384", "HS512")
LEEWAY = 1.0  # seconds between the clocks, of a token
LIFE = 60  # seconds that our own tokens are good for
#: Seconds: a request is repeated for a day, and still says when it was first made.
TOLERANCE = 25 * 3600.0


def verify(key: str, request: WebhookRequest) -> None:
    """Raise WebhookError unless the request is signed with the key, in any of the three ways."""
    if token := request.headers.get(TOKEN):
        return _verify_token(key, token, request)
    given = request.headers.get(SIGNATURE, "").encode(errors="replace")
    when = request.headers.get(AT, "")
    wanted = (_signed(key, when, said, request.body) for said in _places(request))
    if not any(hmac.compare_digest(each, given) for each in wanted):
        raise WebhookError(f"{SIGNATURE} is missing or wrong; compare the signing key.")
    if not (when.isascii() and when.isdecimal()) or abs(time.time() - float(when)) > TOLERANCE:
        raise WebhookError("The request was signed more than a day ago.")


def headers(key: str, request: WebhookRequest) -> dict[str, str]:
    """The headers with which Bird would sign this request today."""
    when = str(int(time.time()))
    return {SIGNATURE: _signed(key, when, request.url, request.body).decode(), AT: when}


def token_header(key: str, request: WebhookRequest) -> dict[str, str]:
    """The header with which the REST API would sign this request."""
    now = int(time.time())
    claims = {"iss": ISSUER, "nbf": now, "exp": now + LIFE, "jti": secrets.token_hex(16)}
    claims["url_hash"] = _hash(request.url.encode())
    if request.body:
        claims["payload_hash"] = _hash(request.body)
    return {TOKEN: _jwt.signed(key, claims)}


def _verify_token(key: str, token: str, request: WebhookRequest) -> None:
    claims = _jwt.claims_of(token, key, "signing key", WAYS)
    begins, ends = claims.get("nbf"), claims.get("exp")
    if claims.get("iss") != ISSUER or not all(isinstance(t, int | float) for t in (begins, ends)):
        raise WebhookError("The token lacks its issuer or its times.")
    if not begins - LEEWAY <= time.time() <= ends + LEEWAY:
        raise WebhookError("The token is not good at this time; set this machine's clock.")
    # Some flows leave out the query.
    addresses = [_hash(url.encode()) for url in (request.url, request.url.partition("?")[0])]
    if claims.get("url_hash") not in addresses:
        raise WebhookError("The token was made for another address; compare PUBLIC_URL.")
    bodies = [_hash(request.body)] if request.body else [None, _hash(b"")]
    if claims.get("payload_hash") not in bodies:
        raise WebhookError("The token was made for another body.")


def _places(request: WebhookRequest) -> Iterator[str]:
    """What stands for the address in a signature: all of it, or once the sorted query alone."""
    yield request.url
    yield urlencode(sorted(parse_qsl(request.query_string, keep_blank_values=True)))


def _signed(key: str, when: str, place: str, body: bytes) -> bytes:
    said = f"{when}\n{place}\n".encode(errors="replace") + hashlib.sha256(body).digest()
    return base64.b64encode(hmac.new(key.encode(), said, hashlib.sha256).digest())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
