"""Sinch: SMS and MMS by its REST API (XMS batches), with a service plan or a project.

Longer than most, for there are two kinds of accounts. A project's key is exchanged for a token,
which serves until shortly before it ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.exceptions import ValidationError

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Call,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import WebhookError
from ..reading import e164, field_of, moment, worded

MARGIN = 60.0  # seconds before its end in which a token is no longer used
TOKENS = "https://auth.sinch.com/oauth2/token"
STATUSES = {
    **dict.fromkeys(("queued", "dispatched"), SENT),
    "delivered": DELIVERED,
    **dict.fromkeys(("failed", "expired", "rejected", "aborted", "cancelled", "deleted"), FAILED),
}  # "unknown" is final and says nothing
REASONS = {
    "402": "there is no way to the recipient's network",
    **dict.fromkeys(("403", "408"), "an error inside Sinch"),
    "404": "a passing fault of the network",
    "405": "a value is missing for this recipient",
    "406": "the time for delivery ran out",
    "407": "it was cancelled",
    "410": "the message has no sender, and the account none by default",
    "411": "the message has too many parts",
    "412": "the account may not write to this region",
    "413": "the account is blocked, or out of credit",
    "414": "the file's address cannot be used; check PUBLIC_URL",
    "415": "the network refused the file",
    "416": "the recipient's network takes no files of this kind",
    "417": "the recipient cannot be reached with files",
    "418": "the recipient's phone is not known to take files",
}
WORDS = {
    "expired": "the time for delivery ran out",
    "deleted": "the number is not valid, or has opted out",
    "rejected": "it was refused",
    "aborted": "it was stopped",
    "cancelled": "it was cancelled",
}


class Adapter(HttpProvider):
    name = "Sinch"
    not_found = "check the plan, the region and the API address"
    default_api_address = "https://us.sms.api.sinch.com"
    alphanumeric_sender = True
    max_text = 2000
    media = MediaRules(100_000_000)
    default_rate = 5.0
    setup = """1. In the Sinch dashboard, copy the service plan's ID and its API token into the \
fields here, and choose its region. For a project, take the project's ID and an access key.
2. As the service plan's callback URL, enter:
{webhook_url}
3. If your account manager has callbacks signed, enter the same secret here."""

    class Credentials(forms.Form):
        region = forms.ChoiceField(choices=[(r, r.upper()) for r in ("us", "eu", "au", "br", "ca")])
        plan = forms.CharField(label="Service plan ID, or project ID")
        api_token = Secret(label="API token", required=False, help_text="Of a service plan.")
        key_id = forms.CharField(
            label="Key ID", required=False, help_text="Of a project; only in the US and the EU."
        )
        key_secret = Secret(label="Key secret", required=False, help_text="Of a project.")
        secret = Secret(
            label="Secret of callbacks",
            required=False,
            help_text="If set, callbacks without a right signature are refused.",
        )

        def clean(self) -> dict[str, Any]:
            found: dict[str, Any] = super().clean() or self.cleaned_data
            of_project = found.get("key_id") and found.get("key_secret")
            if not found.get("api_token") and not of_project:
                raise ValidationError("Enter an API token, or a key ID and its secret.")
            return found

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        host = "" if credentials.get("api_token") else "zt."
        region = credentials.get("region") or "us"
        super().__init__(credentials, api_address or f"https://{host}{region}.sms.api.sinch.com")
        self.kept, self.kept_until = "", 0.0

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {"to": [message.recipient], "from": message.sender}
        fields |= {"type": "mt_text", "body": message.text}
        if message.media:
            text = {"message": message.text} if message.text else {}
            fields |= {"type": "mt_media", "body": {"url": message.media[0].url, **text}}
        fields |= {"delivery_report": "per_recipient", "client_reference": message.reference}
        if message.webhook_url:
            fields["callback_url"] = message.webhook_url
        token = yield from self.token()
        answer = yield self.ask("POST", token, json=fields)
        return str(answer.json()["id"])

    def check_credentials(self) -> Talk[None]:
        token = yield from self.token()
        answer = yield self.ask("GET", token, params={"page_size": "1"}, sends=False)
        if not isinstance(answer.json(), dict):
            raise ValueError("no batches")

    def token(self) -> Talk[str]:
        """The service plan's token, or one in exchange for the project's key."""
        if token := self.credentials.get("api_token"):
            return str(token)
        if not self.kept or time.monotonic() > self.kept_until:
            who = (self.credentials.get("key_id") or "", self.credentials.get("key_secret") or "")
            form = {"grant_type": "client_credentials"}
            call = self.call("POST", TOKENS, form=form, auth=who, sends=False, hidden=True)
            found = (yield call).json()
            self.kept = str(found["access_token"])
            self.kept_until = time.monotonic() + float(found.get("expires_in") or 0) - MARGIN
        return self.kept

    def ask(self, method: str, token: str, **kwargs: Any) -> Call:
        path = f"/xms/v1/{quote(self.credentials['plan'], safe='')}/batches"
        return self.call(method, path, headers={"Authorization": f"Bearer {token}"}, **kwargs)

    def reason(self, answer: Answer) -> str:
        code, said = (field_of(answer.fields, name) for name in ("code", "text"))
        return worded(said, code) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        if not (secret := self.credentials.get("secret")):
            return
        head = "x-sinch-webhook-signature"
        nonce, when = (request.headers.get(f"{head}-{n}", "") for n in ("nonce", "timestamp"))
        signed = request.body + f".{nonce}.{when}".encode(errors="replace")
        wanted = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
        given = request.headers.get(head, "").encode(errors="replace")
        if not hmac.compare_digest(wanted, given):
            raise WebhookError("x-sinch-webhook-signature is missing or wrong; compare the secret.")

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = request.json
        kind, body = field_of(found, "type"), found.get("body")
        if kind not in ("mo_text", "mo_binary", "mo_media"):
            return
        sender, recipient = (e164(field_of(found, name)) for name in ("from", "to"))
        if not sender or not recipient:
            raise WebhookError("The message does not name its sender and its recipient.")
        text, raw = field_of(found, "body"), ""
        media: tuple[Media, ...] = ()
        if kind == "mo_binary":
            text, raw = "", f"udh {field_of(found, 'udh')}, body {text}"
        if kind == "mo_media":
            text = "\n".join(filter(None, (field_of(body, "subject"), field_of(body, "message"))))
            media, raw = files(body)
        when = moment(field_of(found, "sent_at", "received_at"))
        own_id = field_of(found, "id")
        yield Inbound(sender, recipient, text, own_id, media, sent_at=when, raw=raw)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = request.json
        kind = field_of(found, "type")
        if kind.startswith("recipient_delivery_report"):
            listed: Any = [found]
        elif kind.startswith("delivery_report"):
            listed = found.get("statuses")
        else:
            return
        names = field_of(found, "batch_id"), field_of(found, "client_reference")
        if not any(names) or not isinstance(listed, list):
            raise WebhookError("The report does not name its message, or has no statuses.")
        for each in listed:
            word, code = field_of(each, "status").lower(), field_of(each, "code")
            if status := STATUSES.get(word):
                said = REASONS.get(code) or WORDS.get(word) or "not delivered"
                said = f"Sinch: {said} ({f'code {code}' if code else word})."
                when = moment(field_of(each, "operator_status_at", "at"))
                yield Report(status, *names, said if status == FAILED else "", when)


def files(body: Any) -> tuple[tuple[Media, ...], str]:
    """The files of an MMS, and what Sinch says about those it could not keep."""
    listed = body.get("media") if isinstance(body, Mapping) else None
    media, lost = [], []
    for each in listed if isinstance(listed, list) else []:
        url, status = field_of(each, "url"), field_of(each, "status")
        if url and status != "Failed":
            media.append(Media(url, content_type=field_of(each, "content_type")))
        else:
            lost.append(f"{url or 'a file'}: {status or 'no address'} {field_of(each, 'code')}")
    return tuple(media), "\n".join(lost)
