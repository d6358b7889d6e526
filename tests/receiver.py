"""A browser's push service on loopback, which reads what comes as the browser would."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from .stories.vendor import Request, Response, Vendor


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Receiver(Vendor):
    """``subscription()`` is what a browser would hand in; ``told()`` what reached it, decrypted."""

    def __init__(self) -> None:
        super().__init__(lambda request: Response(b"", status=201))
        self._keys: dict[str, tuple[ec.EllipticCurvePrivateKey, bytes]] = {}

    def subscription(self, path: str = "/one") -> dict[str, str]:
        key, auth = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
        self._keys[path] = (key, auth)
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.url + path, "p256dh": _text(point), "auth": _text(auth)}

    def told(self, path: str = "/one") -> list[dict[str, Any]]:
        return [self.read(each) for each in self.requests if each.path == path]

    def read(self, request: Request) -> dict[str, Any]:
        """The text of a push; fails unless it is encrypted for the browser and signed by us."""
        assert request.headers["content-encoding"] == "aes128gcm"
        assert Vapid02.verify(request.headers["authorization"])
        key, auth = self._keys[request.path]
        plain = http_ece.decrypt(
            request.body, private_key=key, auth_secret=auth, version="aes128gcm"
        )
        said: dict[str, Any] = json.loads(plain)
        return said
