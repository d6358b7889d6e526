"""Twilio: SMS and MMS by its Programmable Messaging API.

Longer than others because its error codes, which come with the answer or with a report, mean very
different things for the message and for the channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    SENT,
    Answer,
    ChannelFault,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    OptOut,
    Outbound,
    Reply,
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
from ..reading import e164, field_of, moment
from . import _twilio_signing
from ._files import is_theirs

STATUSES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), SENT),
    "partially_delivered": SENT,
    "delivered": DELIVERED,
    "read": READ,
    **dict.fromkeys(("undelivered", "failed", "canceled"), FAILED),
}
# 20404 is a wrong Account SID; 30002 a suspended account; 217xx an unusable Messaging Service.
OURS = {"20003", "20404", "21703", "21704", "21705", "30002"}
LATER = {"21611", "30001"}  # the number's queue is full; Twilio did not take the message
TOO_FAST = {"20429"}
OPTED_OUT = "21610"
BAD_RECIPIENT = {"21211", "21214", "21217", "21614"}
BAD_SENDER = {"21212", "21603", "21606", "21612", "21659", "21660"}
CODES = {
    **dict.fromkeys(BAD_RECIPIENT, "invalid_phone_number"),
    **dict.fromkeys(BAD_SENDER, "invalid_did_number"),
}
OPT_OUTS = {"STOP": False, "START": True}  # and HELP, which changes nothing
EMPTY_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
SMALL = ("audio/", "video/", "text/", "application/")


class Adapter(HttpProvider):
    name = "Twilio"
    default_api_address = "https://api.twilio.com"
    alphanumeric_sender = True
    max_text = 1600
    media = MediaRules(5_000_000, max_files=10, sizes=tuple((kind, 500_000) for kind in SMALL))
    setup = """1. In the Twilio Console, copy the Account SID and the Auth Token into the fields.
2. Under Phone Numbers, Active numbers, open the number. Under Messaging, "A message comes in", \
choose Webhook and HTTP POST, and enter:
{webhook_url}
3. If the number belongs to a Messaging Service, choose "Send a webhook" in its Integration page \
and enter the same address there. Copy its SID into the field here.
4. Nothing has to be set up for reports: Parley names its address with each message."""

    class Credentials(forms.Form):
        account_sid = forms.CharField(label="Account SID", help_text="It begins with AC.")
        auth_token = Secret(
            label="Auth Token", help_text="The account's. Twilio signs its requests with it."
        )
        api_key = forms.CharField(
            label="API key SID",
            required=False,
            help_text="It begins with SK. If set, Parley sends with it instead of the Auth Token.",
        )
        api_secret = Secret(label="API key secret", required=False)
        messaging_service = forms.CharField(
            label="Messaging Service SID",
            required=False,
            help_text="It begins with MG. If set, the channel's numbers must be in its pool.",
        )

        def clean(self) -> dict[str, Any]:
            found = super().clean() or self.cleaned_data
            if found.get("api_key") and not found.get("api_secret"):
                self.add_error("api_secret", "The API key needs its secret.")
            return found

    @property
    def auth(self) -> tuple[str, str]:
        if key := self.credentials.get("api_key"):
            return key, self.credentials.get("api_secret") or ""
        return self.credentials["account_sid"], self.credentials["auth_token"]

    @property
    def account(self) -> str:
        return f"/2010-04-01/Accounts/{self.credentials['account_sid']}"

    def send(self, message: Outbound) -> Talk[str]:
        fields = [("To", message.recipient), ("From", message.sender)]
        if service := self.credentials.get("messaging_service"):
            fields.append(("MessagingServiceSid", service))
        if message.text:
            fields.append(("Body", message.text))
        fields += [("MediaUrl", each.url) for each in message.media]
        # Twilio refuses an address whose host has an underscore, and the message with it.
        if message.webhook_url and "_" not in (urlsplit(message.webhook_url).hostname or "_"):
            fields.append(("StatusCallback", message.webhook_url))
        path = f"{self.account}/Messages.json"
        answer = yield self.call("POST", path, form=fields, auth=self.auth)
        return str(answer.json()["sid"])

    def check_credentials(self) -> Talk[None]:
        answer = yield self.call("GET", f"{self.account}.json", auth=self.auth, sends=False)
        if (status := answer.json()["status"]) != "active":
            raise BadCredentials(f"Twilio: the account is {status}.")

    def fetch(self, media: Media) -> Talk[bytes]:
        auth = self.auth if is_theirs(media.url, self.api_address, "twilio.com") else None
        answer = yield self.call("GET", media.url, auth=auth, sends=False)
        return answer.body

    def error(self, answer: Answer) -> ProviderError | None:
        code = field_of(answer.fields, "code") if answer.status >= 400 else ""
        said = f"Twilio: {self.reason(answer)}"
        if code in OURS:
            return BadCredentials(said)
        if code == OPTED_OUT:
            return OptedOut(said)
        if code in TOO_FAST:
            return Throttled(said, after=retry_after(answer))
        if code in LATER:
            return Unavailable(said)
        if code in CODES:
            return Rejected(said, code=CODES[code])
        return super().error(answer)

    def reason(self, answer: Answer) -> str:
        said, code = field_of(answer.fields, "message"), field_of(answer.fields, "code")
        return f"{said} (code {code})" if said else super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        _twilio_signing.verify(self.credentials["auth_token"], request)

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        token = self.credentials["auth_token"]
        return {"x-twilio-signature": _twilio_signing.signed(token, request.url, request)}

    def told(self, request: WebhookRequest) -> Mapping[str, str]:
        """The fields of the request, wherever its method puts them."""
        return request.query if request.method == "GET" else request.fields

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = self.told(request)
        if field_of(found, "SmsStatus", "MessageStatus") not in ("", "received"):
            return
        sender, recipient = e164(field_of(found, "From")), e164(field_of(found, "To"))
        provider_id = field_of(found, "MessageSid", "SmsSid")
        if not (sender and recipient and provider_id):
            raise WebhookError("The request lacks From, To or MessageSid.")
        yield Inbound(
            sender,
            recipient,
            field_of(found, "Body"),
            provider_id=provider_id,
            media=tuple(_files(found)),
            name=field_of(found, "ProfileName"),
        )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = self.told(request)
        status = STATUSES.get(field_of(found, "MessageStatus", "SmsStatus"))
        provider_id = field_of(found, "MessageSid", "SmsSid")
        if status and provider_id:
            said = field_of(found, "ErrorMessage") or "not delivered"
            code = field_of(found, "ErrorCode")
            reason = f"Twilio: {said}" + (f" (code {code})" if code else "") + "."
            when = moment(field_of(found, "RawDlrDoneDate"), forms=("%y%m%d%H%M",))
            yield Report(status, provider_id, reason=reason if status == FAILED else "", at=when)

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut | ChannelFault]:
        found = self.told(request)
        sender, recipient = e164(field_of(found, "From")), e164(field_of(found, "To"))
        word, code = field_of(found, "OptOutType").upper(), field_of(found, "ErrorCode")
        if word in OPT_OUTS and sender:
            yield OptOut(sender, recipient, lifted=OPT_OUTS[word])
        elif code == OPTED_OUT and recipient:
            yield OptOut(recipient, sender)
        elif code == "30002":
            yield ChannelFault("Twilio: the account is suspended (code 30002).")

    def answer(self, request: WebhookRequest) -> Reply:
        return Reply(EMPTY_ANSWER, "text/xml; charset=utf-8")


def _files(found: Mapping[str, str]) -> Iterable[Media]:
    count = field_of(found, "NumMedia")
    for n in range(min(int(count), 50) if count.isascii() and count.isdigit() else 0):
        if url := field_of(found, f"MediaUrl{n}"):
            kind = field_of(found, f"MediaContentType{n}")
            name = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
            yield Media(url, name=name, content_type=kind, needs_credentials=True)
