"""Plivo: SMS and MMS by its API 1.

Longer than most, for its signature has two versions and covers the address, the query and the
body's fields in an order of its own; it may be made with the token of the main account though the
channel uses a subaccount.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    SENT,
    Answer,
    Call,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    OptOut,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import Rejected, WebhookError
from ..reading import e164, field_of
from ._letters import check_length
from ._params import told

STATUSES = {
    **dict.fromkeys(("queued", "sent"), SENT),
    **dict.fromkeys(("failed", "undelivered", "rejected"), FAILED),
    "delivered": DELIVERED,
    "read": READ,
}
REASONS = {
    "10": "the message is not valid",
    "20": "an error of the network",
    "30": "it was taken for spam",
    "40": "the sender is not valid",
    "50": "the recipient's number is not valid",
    "60": "it went in a circle",
    "70": "the recipient can never be reached",
    "80": "the recipient cannot be reached at present",
    "90": "there is no way to the recipient's network",
    "100": "the carrier forbids it",
    "110": "the message is too long",
    "200": "the recipient has opted out with STOP",
    "201": "toll-free numbers of the USA may not write to Canada",
    "300": "it could not be handed over",
    "420": "the time for delivery ran out",
    "450": "the country is barred; look at Geo Permissions",
    "900": "not enough credit in the account",
    "910": "the account is disabled",
}
STOP = "200"


class Adapter(HttpProvider):
    name = "Plivo"
    default_api_address = "https://api.plivo.com"
    not_found = "check the Auth ID, the Powerpack and the API address"
    alphanumeric_sender = True
    max_text = 1600
    media = MediaRules(2_000_000, max_files=10)
    default_rate = 5.0
    setup = """1. In the Plivo console, copy the Auth ID and the Auth Token into the fields here.
2. Under Messaging, Applications, make an application with this Message URL, method POST:
{webhook_url}
3. Under Phone Numbers, give your number this application.
4. Allow the countries you write to under Messaging, Geo Permissions."""

    class Credentials(forms.Form):
        auth_id = forms.CharField(label="Auth ID", help_text="Begins with MA, or SA.")
        auth_token = Secret(label="Auth Token")
        main_token = Secret(
            label="Auth Token of the main account",
            required=False,
            help_text="Only for a subaccount (SA): Plivo signs messages with the main one's.",
        )
        powerpack = forms.CharField(
            label="Powerpack",
            required=False,
            help_text="Its UUID, if a Powerpack chooses the number to send from.",
        )

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        check_length("Plivo", message.text, most=1600, costly_most=737)
        fields: dict[str, object] = {"dst": message.recipient.removeprefix("+")}
        if pool := self.credentials.get("powerpack"):
            fields["powerpack_uuid"] = pool
        else:
            fields["src"] = message.sender.removeprefix("+")
        fields["type"] = "mms" if message.media else "sms"
        if message.text:
            fields["text"] = message.text
        if message.media:
            fields["media_urls"] = [each.url for each in message.media]
        if message.webhook_url:
            fields |= {"url": message.webhook_url, "method": "POST"}
        answer = yield self.ask("POST", "Message/", json=fields)
        found = answer.json()
        if not found["message_uuid"] and found.get("invalid_number"):
            said = "the recipient's number is not valid"
            raise Rejected(f"Plivo: {said}.", code="invalid_phone_number")
        ids = [str(each) for each in found["message_uuid"]]
        return ids if len(ids) > 1 else ids[0]

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "", sends=False)
        if "cash_credits" not in answer.json():
            raise ValueError("no account")

    def ask(self, method: str, path: str, *, json: object = None, sends: bool = True) -> Call:
        who = self.credentials["auth_id"], self.credentials["auth_token"]
        path = f"/v1/Account/{quote(who[0], safe='')}/{path}"
        return self.call(method, path, json=json, auth=who, sends=sends)

    def reason(self, answer: Answer) -> str:
        return field_of(answer.fields, "error", "message") or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        own, main = self.credentials["auth_token"], self.credentials.get("main_token") or ""
        newer = ("-ma-v3", main or own), ("-v3", own)
        given = [n for n, _ in newer if request.headers.get(f"x-plivo-signature{n}")]
        # The second version does not cover the body: believed only where there is no third.
        tries = newer if given else (("-ma-v2", main or own), ("-v2", own))
        signed = signed_text if given else signed_text_2
        for ending, token in tries:
            nonce = request.headers.get(f"x-plivo-signature{ending[-3:]}-nonce", "")
            said = request.headers.get(f"x-plivo-signature{ending}", "").split(",")
            digest = hmac.new(
                token.encode(), signed(request, nonce).encode("utf-8", "replace"), hashlib.sha256
            )
            wanted = base64.b64encode(digest.digest())
            for each in said:
                if hmac.compare_digest(wanted, each.strip().encode(errors="replace")):
                    return
        raise WebhookError("X-Plivo-Signature is missing or wrong; compare the Auth Token.")

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = told(request)
        if "Status" in found or not (found or request.body):
            return
        sender, recipient = (e164(field_of(found, name)) for name in ("From", "To"))
        if not sender or not recipient or "MessageUUID" not in found:
            raise WebhookError("From, To or MessageUUID is missing.")
        names = (f"Media{n}" for n in range(10))
        media = tuple(Media(url) for name in names if (url := field_of(found, name)))
        own_id, text = field_of(found, "MessageUUID"), field_of(found, "Text", "Body")
        yield Inbound(sender, recipient, text, own_id, media)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = told(request)
        if "Status" not in found:
            return
        own_id = field_of(found, "ParentMessageUUID", "MessageUUID")
        if not own_id:
            raise WebhookError("The report does not name its message.")
        if status := STATUSES.get(field_of(found, "Status").lower()):
            code = field_of(found, "ErrorCode")
            said = f"{REASONS.get(code, 'not delivered')}{f' (code {code})' if code else ''}"
            yield Report(status, own_id, reason=f"Plivo: {said}." if status == FAILED else "")

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        found = told(request)
        if field_of(found, "ErrorCode") == STOP and (customer := e164(field_of(found, "To"))):
            yield OptOut(customer, e164(field_of(found, "From")))


def signed_text(request: WebhookRequest, nonce: str) -> str:
    """What the third version signs."""
    address = request.url.partition("?")[0]
    query = "&".join("=".join(pair) for pair in sorted(pairs(request.query_string)))
    if request.method == "GET":
        return f"{address}?{query}.{nonce}"
    body = "".join(name + value for name, value in sorted(pairs(request.body.decode("latin-1"))))
    return f"{address}?{query}{'.' if query else ''}{body}.{nonce}"


def signed_text_2(request: WebhookRequest, nonce: str) -> str:
    """What the second version signs."""
    return request.url.partition("?")[0] + nonce


def pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise WebhookError(f"The form cannot be read: {error}.") from None
