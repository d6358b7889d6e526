"""How Twilio signs its requests, with all that is odd about it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

from ..base import WebhookRequest
from ..errors import WebhookError

WRONG = (
    "X-Twilio-Signature is missing or wrong; compare the Auth Token, and PUBLIC_URL with the "
    "address that Twilio calls."
)


def signed(token: str, url: str, request: WebhookRequest) -> str:
    """What Twilio writes into its header for this request to this address.

    Of a form each distinct pair is signed once; of any other body only the hash, which stands in
    the query.
    """
    pairs: set[tuple[str, str]] = set()
    if request.method == "POST" and "bodySHA256" not in request.query:
        pairs = set(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    said = url + "".join(name + value for name, value in sorted(pairs))
    digest = hmac.new(token.encode(), said.encode(errors="replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def verify(token: str, request: WebhookRequest) -> None:
    """Raise WebhookError unless Twilio signed this request."""
    given = request.headers.get("x-twilio-signature", "").encode(errors="replace")
    known = [signed(token, url, request).encode() for url in _addresses(request.url)]
    if not any(hmac.compare_digest(each, given) for each in known):
        raise WebhookError(WRONG)
    if told := request.query.get("bodySHA256", "").lower():
        found = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(found.encode(), told.encode(errors="replace")):
            raise WebhookError("bodySHA256 is not the hash of the body.")


def _addresses(url: str) -> list[str]:
    """The address without and with its scheme's own port: Twilio signs now one, now the other."""
    parts = urlsplit(url)
    port = {"https": 443, "http": 80}.get(parts.scheme)
    if parts.port not in (None, port):
        return [url]
    bare = parts.netloc.removesuffix(f":{port}")
    return [parts._replace(netloc=host).geturl() for host in (bare, f"{bare}:{port}")]
