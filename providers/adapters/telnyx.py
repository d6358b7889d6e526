"""Telnyx: SMS and MMS by its Messaging API, version 2.

Longer than others because of its many error codes; requests to us are signed with Ed25519.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django import forms
from django.core.exceptions import ValidationError

from ..base import (
    Answer,
    Call,
    HttpProvider,
    Inbound,
    MediaRules,
    OptOut,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
    retry_after,
)
from ..errors import (
    BadCredentials,
    OptedOut,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    WebhookError,
)
from ..reading import e164, field_of
from ..segments import count
from . import _envelope

TOLERANCE = 300  # seconds between Telnyx's clock and ours
MOST_PARTS = 10
MOST_BYTES = 1_000_000  # of all files together

OURS = {
    *("10009", "10010", "20002", "20006"),  # the key
    *("20013", "20014", "20015", "20016", "20017", "40314"),  # the account may not send
}
NO_CREDIT = {"20012", "20100"}
TOO_FAST = {"10011"}
LATER = {"40318", "40320"}  # the queue is full; the number cannot be used for the moment
BAD_RECIPIENT = dict.fromkeys(("10002", "10016", "40310", "40012"), "invalid_phone_number")
BAD_SENDER = dict.fromkeys(
    ("10001", "40013", "40305", "40306", "40308", "40311", "40312", "40313", "40321"),
    "invalid_did_number",
)
CODES = BAD_RECIPIENT | BAD_SENDER
BLOCKED = "40300"  # by STOP, or for another reason that only its words tell
OPT_OUTS = {"STOP": False, "START": True}  # and HELP, which changes nothing


def check_public_key(value: str) -> None:
    """Raise ValidationError unless the text is an Ed25519 key in base64."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(value, validate=True))
    except (ValueError, binascii.Error):
        raise ValidationError("This is not a public key: 44 letters that end with '='.") from None


class Adapter(HttpProvider):
    name = "Telnyx"
    default_api_address = "https://api.telnyx.com/v2"
    alphanumeric_sender = True
    media = MediaRules(MOST_BYTES, max_files=10)
    setup = """1. In Telnyx Mission Control, under Account, Keys & Credentials, create an API key. \
Copy it and the public key into the fields here.
2. Under Messaging, open the messaging profile of your number. Under Inbound, choose API version 2 \
and enter as the webhook address:
{webhook_url}
3. Assign the number to this profile, and register it (10DLC or toll-free) to write to the USA.
4. To send under a name, copy the profile's ID into the field here."""

    class Credentials(forms.Form):
        api_key = Secret(label="API key", help_text="It begins with KEY.")
        public_key = forms.CharField(
            label="Public key",
            validators=[check_public_key],
            help_text="With it Parley checks that requests come from Telnyx.",
        )
        messaging_profile = forms.CharField(
            label="Messaging profile ID",
            required=False,
            help_text="Needed only to send under a name.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        self.check_size(message)
        fields: dict[str, Any] = {"from": message.sender, "to": message.recipient}
        if message.text:
            fields["text"] = message.text
        if message.media:
            fields["media_urls"] = [each.url for each in message.media]
        profile = self.credentials.get("messaging_profile")
        if profile and not message.sender.startswith("+"):
            fields["messaging_profile_id"] = profile
        if message.webhook_url:
            fields["webhook_url"] = message.webhook_url
        answer = yield self.ask("POST", "/messages", json=fields)
        return str(answer.json()["data"]["id"])

    def check_size(self, message: Outbound) -> None:
        """Raise Rejected if Telnyx would refuse so long a text, or so large files."""
        parts = count(message.text).segments
        if parts > MOST_PARTS and not message.media:
            raise Rejected(
                f"Telnyx: the text takes {parts} parts, and at most {MOST_PARTS} are allowed.",
                code="invalid_param",
            )
        if sum(each.size or 0 for each in message.media) > MOST_BYTES:
            raise Rejected(
                "Telnyx: the files are larger than 1 MB together.", code="exceeds_size_limit"
            )

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "/balance", sends=False)
        _ = answer.json()["data"]

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        bearer = {"Authorization": f"Bearer {self.credentials['api_key']}"}
        return self.call(method, path, headers=bearer, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        code = field_of(_first(answer.fields), "code") if answer.status >= 400 else ""
        said = f"Telnyx: {self.reason(answer)}"
        if code in OURS:
            return BadCredentials(said)
        if code in NO_CREDIT:
            return BadCredentials(said, code="no_credits")
        if code in TOO_FAST or answer.status == 429:
            return Throttled(said, after=_pause(answer))
        if code in LATER:
            return Unavailable(said)
        if code == BLOCKED:
            return OptedOut(said) if "STOP" in said.upper() else Rejected(said)
        if code in CODES:
            return Rejected(said, code=CODES[code])
        return super().error(answer)

    def reason(self, answer: Answer) -> str:
        found = _first(answer.fields)
        said, code = field_of(found, "detail", "title"), field_of(found, "code")
        return f"{said} (code {code})" if said else super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        stamp = request.headers.get("telnyx-timestamp", "")
        given = request.headers.get("telnyx-signature-ed25519", "")
        try:
            signature = base64.b64decode(given, validate=True)
            key = Ed25519PublicKey.from_public_bytes(
                base64.b64decode(self.credentials["public_key"])
            )
            key.verify(signature, stamp.encode() + b"|" + request.body)
        except (ValueError, InvalidSignature):
            raise WebhookError(
                "telnyx-signature-ed25519 is missing or wrong; compare the Public key."
            ) from None
        if not (stamp.isdecimal() and abs(time.time() - int(stamp[:12])) <= TOLERANCE):
            raise WebhookError("The request was signed more than five minutes ago.")

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        return _envelope.inbound(request)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        return _envelope.reports(request, "Telnyx")

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        kind, payload = _envelope.event(request)
        ours, theirs = "to", "from"
        word = field_of(payload, "autoresponse_type").upper()
        lifted = OPT_OUTS.get(word)
        if kind == "message.finalized" and _blocked(payload):
            ours, theirs, lifted = "from", "to", False
        customer, number = (_number(payload, name) for name in (theirs, ours))
        if lifted is not None and customer:
            yield OptOut(customer, number, lifted=lifted)


def _first(found: Mapping[str, Any]) -> Any:
    listed = found.get("errors")
    return listed[0] if isinstance(listed, list) and listed else None


def _blocked(payload: Mapping[str, Any]) -> bool:
    error = _first(payload)
    words = field_of(error, "detail") + field_of(error, "title")
    return field_of(error, "code") == BLOCKED and "STOP" in words.upper()


def _number(payload: Mapping[str, Any], name: str) -> str:
    found = payload.get(name)
    found = found[0] if isinstance(found, list) and found else found
    return e164(field_of(found, "phone_number"))


def _pause(answer: Answer) -> float | None:
    """Seconds to wait, from either of the headers that Telnyx has for it."""
    reset = answer.headers.get("x-ratelimit-reset", "")
    after = retry_after(answer)
    return after if after is not None or not reset.isdecimal() else float(reset)
