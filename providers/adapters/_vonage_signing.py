"""How Vonage signs its requests, and how we sign ours: two APIs, two ways."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ValidationError

from ..base import WebhookRequest
from ..errors import WebhookError
from . import _jwt

TOLERANCE = 300  # seconds between Vonage's clock and ours
METHODS = [
    ("md5hash", "MD5 hash"),
    ("md5", "MD5 HMAC"),
    ("sha1", "SHA-1 HMAC"),
    ("sha256", "SHA-256 HMAC"),
    ("sha512", "SHA-512 HMAC"),
]


def check_private_key(value: str) -> None:
    """Raise ValidationError unless the text is an RSA key in PEM."""
    try:
        key = load_pem_private_key(value.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ValidationError("This is not the application's private key, as PEM.")


def token(application: str, private_key: str) -> str:
    """A JWT of the application, good for a few minutes."""
    key = load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("no RSA key")
    now = int(time.time())
    claims = {"application_id": application, "iat": now, "exp": now + TOLERANCE}
    said = _jwt.unsigned({"alg": "RS256", "typ": "JWT"}, claims | {"jti": secrets.token_hex(16)})
    return f"{said}.{_jwt.text(key.sign(said.encode(), PKCS1v15(), hashes.SHA256()))}"


def verify_token(secret: str, request: WebhookRequest) -> None:
    """Raise WebhookError unless the JWT in the header fits the body (Messages API)."""
    token = request.headers.get("authorization", "").partition(" ")[2]
    claims = _jwt.claims_of(token, secret, "Signature secret")
    if claims.get("payload_hash") != hashlib.sha256(request.body).hexdigest():
        raise WebhookError("The token was made for another body.")
    at = claims.get("iat")
    if not isinstance(at, int | float) or abs(time.time() - at) > TOLERANCE:
        raise WebhookError("The request was signed more than five minutes ago.")


def bearer(secret: str, request: WebhookRequest) -> str:
    """The header with which Vonage would sign this request (Messages API)."""
    claims = {"iat": int(time.time()), "jti": secrets.token_hex(16), "iss": "Vonage"}
    claims["payload_hash"] = hashlib.sha256(request.body).hexdigest()
    return f"Bearer {_jwt.signed(secret, claims)}"


def signed(secret: str, method: str, fields: Mapping[str, Any]) -> str:
    """The ``sig`` of these parameters (SMS API), in small letters."""
    said = ""
    for name in sorted(set(fields) - {"sig"}):
        value = str(fields[name]).replace("&", "_").replace("=", "_")
        said += f"&{name}={value}"
    if method == "md5hash":
        return hashlib.md5((said + secret).encode(errors="replace")).hexdigest()  # noqa: S324
    return hmac.new(secret.encode(), said.encode(errors="replace"), method).hexdigest()
