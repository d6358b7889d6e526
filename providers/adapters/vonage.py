"""Vonage (once Nexmo): SMS by its SMS API, or SMS and MMS by its Messages API.

Longer than others because the two APIs share nothing but the account: other addresses, fields,
answers, errors, webhooks and signatures. Which one a webhook speaks shows in its fields.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

from ..base import (
    FAILED,
    Answer,
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
from ..errors import ProviderError, Rejected, WebhookError
from ..reading import e164, field_of, moment
from ..segments import count
from . import _vonage_signing as signing
from ._vonage_words import BLACKLISTED, REASONS, STATUSES, messages_error, number_of, sms_error

SMS, MESSAGES = "sms", "messages"
SMS_ADDRESS, MESSAGES_ADDRESS = "https://rest.nexmo.com", "https://api.nexmo.com"
LONGEST_CALLBACK = 100

DATE = "%Y-%m-%d %H:%M:%S"
KINDS = ("image", "audio", "video", "vcard", "file")


class Adapter(HttpProvider):
    name = "Vonage"
    default_api_address = SMS_ADDRESS
    alphanumeric_sender = True
    default_rate = 30.0
    media = MediaRules(100_000_000)  # Vonage publishes no size; carriers take far less
    setup = """1. In the Vonage dashboard, copy the API key and the API secret into the fields here.
2. For the SMS API: under API Settings choose SMS API, the method POST, and enter for inbound SMS \
and for delivery receipts:
{webhook_url}
3. For the Messages API: choose Messages API under API Settings instead. Create an application \
with Messages, enter the same address as inbound and status URL, and link your number to it.
4. Copy the signature secret of the API Settings into the field here."""

    class Credentials(forms.Form):
        api = forms.ChoiceField(
            label="API",
            choices=[(SMS, "SMS API"), (MESSAGES, "Messages API")],
            help_text="As chosen in Vonage's API Settings. MMS needs the Messages API.",
        )
        api_key = forms.CharField(label="API key")
        api_secret = Secret(label="API secret")
        application_id = forms.CharField(
            label="Application ID",
            required=False,
            help_text="For the Messages API. Without it Parley logs in with key and secret.",
        )
        private_key = Secret(
            label="Private key",
            required=False,
            widget=forms.Textarea(attrs={"rows": 6}),
            validators=[signing.check_private_key],
            help_text="The application's, as PEM.",
        )
        signature_secret = Secret(
            label="Signature secret",
            required=False,
            help_text="If set, requests that are not signed with it are refused. The SMS API "
            "signs only if Vonage's support has switched it on.",
        )
        signature_method = forms.ChoiceField(
            label="Signature method",
            choices=signing.METHODS,
            required=False,
            help_text="Of the SMS API, as in Vonage's API Settings.",
        )

    @property
    def by_messages(self) -> bool:
        return self.credentials.get("api") == MESSAGES

    @property
    def key_and_secret(self) -> tuple[str, str]:
        return self.credentials["api_key"], self.credentials["api_secret"]

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        if self.by_messages:
            return (yield from self.send_message(message))
        if message.media:
            raise Rejected("Vonage: files need the Messages API.", code="unsupport_media_type")
        fields = {
            "from": message.sender.removeprefix("+"),
            "to": message.recipient.removeprefix("+"),
            "text": message.text,
            "type": "unicode" if count(message.text).costly else "text",
            "client-ref": message.reference,
            "status-report-req": "1",
        }
        if 0 < len(message.webhook_url) <= LONGEST_CALLBACK:
            fields["callback"] = message.webhook_url
        auth = self.key_and_secret
        answer = yield self.call("POST", "/sms/json", form=fields, auth=auth)
        return [str(part["message-id"]) for part in answer.json()["messages"]]

    def send_message(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {
            "from": message.sender.removeprefix("+"),
            "to": message.recipient.removeprefix("+"),
            "channel": "mms" if message.media else "sms",
            "message_type": "text",
            "client_ref": message.reference,
        }
        for each in message.media:
            kind = _kind_of(each)
            caption = {"caption": message.text} if message.text else {}
            fields |= {"message_type": kind, kind: {"url": each.url} | caption}
        if not message.media:
            fields |= {"text": message.text, "sms": {"encoding_type": "auto"}}
        if message.webhook_url:
            fields |= {"webhook_url": message.webhook_url, "webhook_version": "v1"}
        application, key = (self.credentials.get(n) for n in ("application_id", "private_key"))
        login: dict[str, Any] = {"auth": self.key_and_secret}
        if application and key:
            login = {"headers": {"Authorization": f"Bearer {signing.token(application, key)}"}}
        address = self.api_address if self.api_address != SMS_ADDRESS else MESSAGES_ADDRESS
        answer = yield self.call("POST", f"{address}/v1/messages", json=fields, **login)
        return str(answer.json()["message_uuid"])

    def check_credentials(self) -> Talk[None]:
        address = SMS_ADDRESS if self.by_messages else self.api_address
        key, secret = self.key_and_secret
        params = {"api_key": key, "api_secret": secret}
        answer = yield self.call(
            "GET", f"{address}/account/get-balance", params=params, sends=False
        )
        _ = answer.json()["value"]

    def error(self, answer: Answer) -> ProviderError | None:
        if answer.status < 300:
            parts = answer.fields.get("messages")
            return sms_error(parts) if isinstance(parts, list) else None
        known = messages_error(answer, f"Vonage: {self.reason(answer)}")
        return known or super().error(answer)

    def reason(self, answer: Answer) -> str:
        found = answer.fields
        wrong = found.get("invalid_parameters")
        names = [field_of(each, "reason") for each in (wrong if isinstance(wrong, list) else ())]
        said = field_of(found, "detail", "title", "error-code-label", "error_title")
        return ", ".join(filter(None, [said, *names])) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        secret = self.credentials.get("signature_secret")
        if not secret:
            return
        if "authorization" in request.headers:
            return signing.verify_token(secret, request)
        found = self.told(request)
        given = field_of(found, "sig").lower()
        wanted = signing.signed(secret, self.method, found)
        if not hmac.compare_digest(wanted.encode(), given.encode(errors="replace")):
            raise WebhookError(
                "sig or the token is missing or wrong; compare the Signature secret and method."
            )

    @property
    def method(self) -> str:
        return self.credentials.get("signature_method") or signing.METHODS[0][0]

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        secret = self.credentials.get("signature_secret")
        if not secret or not self.by_messages:
            return {}  # the SMS API signs among its fields, not in a header
        return {"authorization": signing.bearer(secret, request)}

    def told(self, request: WebhookRequest) -> dict[str, Any]:
        """The fields of the request, wherever its method puts them."""
        return dict(request.query) if request.method == "GET" else request.fields

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = self.told(request)
        if "status" in found:
            return
        sender, recipient = e164(field_of(found, "msisdn", "from")), e164(field_of(found, "to"))
        provider_id = field_of(found, "messageId", "message_uuid")
        if not (sender and recipient and provider_id):
            raise WebhookError("The message lacks its id, its sender or its recipient.")
        files = tuple(_files(found))
        said = next((found[kind] for kind in KINDS if isinstance(found.get(kind), dict)), None)
        when = field_of(found, "message-timestamp") or field_of(found, "timestamp")
        yield Inbound(
            sender,
            recipient,
            field_of(found, "text") or field_of(said, "caption"),
            provider_id=provider_id,
            media=files,
            sent_at=moment(when, forms=(DATE,)),
            raw=field_of(found, "data"),
        )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = self.told(request)
        status = STATUSES.get(field_of(found, "status"))
        provider_id = field_of(found, "messageId", "message_uuid")
        reference = field_of(found, "client-ref", "client_ref")
        if not status or not (provider_id or reference):
            return
        code, error = field_of(found, "err-code"), found.get("error")
        said = field_of(error, "detail", "title") or REASONS.get(code, "not delivered")
        code = code or number_of(error)
        reason = f"Vonage: {said}{f' (code {code})' if code else ''}." if status == FAILED else ""
        when = field_of(found, "message-timestamp") or field_of(found, "timestamp")
        yield Report(status, provider_id, reference, reason=reason, at=moment(when, forms=(DATE,)))

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        found = self.told(request)
        if "status" in found and number_of(found.get("error")) == BLACKLISTED:
            customer = e164(field_of(found, "to"))
            if customer:
                yield OptOut(customer, e164(field_of(found, "from")))


def _kind_of(media: Media) -> str:
    first = media.content_type.partition("/")[0]
    if media.content_type in ("text/vcard", "text/x-vcard"):
        return "vcard"
    return first if first in KINDS else "file"


def _files(found: Mapping[str, Any]) -> Iterator[Media]:
    for kind in KINDS:
        if url := field_of(found.get(kind), "url"):
            name = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
            yield Media(url, name=name)
