"""A custom provider: any SMS service that follows the contract which FutureSMS documents.

Longer than most, as the vendor is not known in advance: the addresses are fields, full ones or
paths under the channel's API address. Inbound messages come in the envelope that Telnyx made
common.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from ..base import (
    Answer,
    Call,
    HttpProvider,
    Inbound,
    MediaRules,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
    retry_after,
)
from ..errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable, WebhookError
from ..reading import field_of, worded
from . import _envelope
from ._http_checks import check_address

SEND_PATH = "/api/v1/integration/yeastar/sms/sendmessage"
VERIFY_PATH = "/api/v1/integration/yeastar/sms/verify"

# Codes of the contract, and what each means for the message. 10004 and 10005 are the channel's
# fault, 10006 asks us to slow down, 10007 promises that nothing was done.
REFUSALS = {
    "10001": "invalid_phone_number",
    "10002": "invalid_param",
    "10003": "unsupport_media_type",
}


class Adapter(HttpProvider):
    name = "General (custom provider)"
    has_reports = False  # the contract has none; those of bridges that send them are believed
    media = MediaRules(100_000_000, max_files=10, keep_hours=72)
    setup = """1. At your provider, create an API key for this desk and copy it into the field here.
2. Copy the provider's address for sending messages, and the one for verifying if there is one. \
For FutureSMS, leave both empty and enter as the API address:
https://www.futuresms.net
3. Register this address at the provider for received messages:
{webhook_url}
4. If the provider signs its requests, enter the same secret there and here. Without a secret, \
only the long random part of the address protects it."""

    class Credentials(forms.Form):
        api_key = Secret(label="API Key")
        secret = Secret(
            label="Secret",
            required=False,
            help_text="If set, requests without a right X-Signature-256 header are refused.",
        )
        api_send_url = forms.CharField(
            label="API address for sending messages",
            required=False,
            validators=[check_address],
            help_text=f"Or a path under the API address. Empty: {SEND_PATH}",
        )
        api_verify_url = forms.CharField(
            label="API address for verifying authentication",
            required=False,
            validators=[check_address],
            help_text="Leave empty if the provider has none.",
        )
        strict_challenge = forms.BooleanField(
            label="The provider echoes the challenge",
            required=False,
            help_text="If on, only an answer that repeats our random text proves the API key.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {"from": message.sender, "to": message.recipient}
        if message.text:
            fields["text"] = message.text
        if message.media:
            fields["media_urls"] = [each.url for each in message.media]
        answer = yield self.ask("POST", self.address("api_send_url"), json=fields)
        return field_of(answer.json().get("data"), "id")

    def check_credentials(self) -> Talk[None]:
        url = self.address("api_verify_url")
        if not url:
            said = "has no address for verifying, so only a message can show whether the key works"
            raise Unavailable(f"The provider {said}.")
        challenge = secrets.token_hex(16)
        answer = yield self.ask("GET", url, params={"challenge": challenge}, sends=False)
        if self.credentials.get("strict_challenge") and answer.text.strip() != challenge:
            raise BadCredentials("The provider did not echo the challenge.")

    def address(self, field: str) -> str:
        """The full address of a field. Raises BadCredentials if there is none for sending."""
        path = self.credentials.get(field) or ""
        if not path and self.api_address and not self.credentials.get("api_send_url"):
            path = SEND_PATH if field == "api_send_url" else VERIFY_PATH
        if path.startswith("/"):
            path = self.api_address + path
        if "://" not in path and field == "api_send_url":
            raise BadCredentials("The channel has no address for sending messages.")
        return path if "://" in path else ""

    def ask(self, method: str, url: str, **kwargs: Any) -> Call:
        bearer = {"Authorization": f"Bearer {self.credentials['api_key']}"}
        return self.call(method, url, headers=bearer, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        if answer.status < 300 and not answer.fields.get("errors"):
            return None
        code = field_of(self.complaint(answer), "code")
        said = f"The provider says: {self.reason(answer)}"
        if code in REFUSALS:
            return Rejected(said, code=REFUSALS[code])
        if code == "10004":
            return BadCredentials(said)
        if code == "10005":
            return BadCredentials(said, code="request_fail")
        if code == "10006":
            return Throttled(said, after=retry_after(answer))
        if code == "10007":
            return Unavailable(said)
        return super().error(answer) or Rejected(said)

    def complaint(self, answer: Answer) -> Mapping[str, Any]:
        """The first error that the answer names; without one, the whole answer."""
        listed = answer.fields.get("errors")
        first = listed[0] if isinstance(listed, list) and listed else answer.fields
        return first if isinstance(first, Mapping) else {}

    def reason(self, answer: Answer) -> str:
        found = self.complaint(answer)
        said = field_of(found, "detail", "title", "error", "message")
        code = field_of(found, "code")
        return worded(said, code) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        if self.credentials.get("secret"):
            signed = self.signature(request)["x-signature-256"]
            given = request.headers.get("x-signature-256", "").strip()
            if not hmac.compare_digest(signed.encode(), given.encode(errors="replace")):
                raise WebhookError("X-Signature-256 is missing or wrong; compare the Secret.")

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        secret = self.credentials.get("secret") or ""
        signed = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
        return {"x-signature-256": f"sha256={signed}"} if secret else {}

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        return _envelope.inbound(request)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        return _envelope.reports(request, "The provider")
