"""The key with which Parley shows push services who it is (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from py_vapid import Vapid02

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256


@cache
def _vapid(given: str, secret: str) -> Vapid02:
    """From VAPID_KEY; without one it follows from SECRET_KEY, so that every host has the same."""
    if given:
        return Vapid02.from_raw(given.encode())
    drawn = HKDF(hashes.SHA256(), 48, salt=None, info=b"parley web push").derive(secret.encode())
    number = int.from_bytes(drawn) % (_ORDER - 1) + 1
    return Vapid02(ec.derive_private_key(number, ec.SECP256R1()))


def _own() -> Vapid02:
    return _vapid(settings.VAPID_KEY, settings.SECRET_KEY)


def public_key() -> str:
    """What browsers need to subscribe: URL-safe Base64 without padding."""
    point = _own().public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def signed(endpoint: str) -> dict[str, str]:
    """The header that tells this push service who sends."""
    at = urlsplit(endpoint)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    secure = settings.PUBLIC_URL.startswith("https://")
    contact = settings.PUBLIC_URL if secure else f"mailto:parley@{host}.invalid"
    headers: dict[str, str] = _own().sign({"sub": contact, "aud": f"{at.scheme}://{at.netloc}"})
    return headers
