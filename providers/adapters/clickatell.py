"""Clickatell: SMS by the One API of its Chat Platform.

Longer than most, for older integrations call back in the form of the REST API. The verdict on a
message is inside the answer, even of a 2xx status. Nothing is signed, but a user name and a
password may be set for the callbacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

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
    OptOut,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import ProviderError, Rejected, WebhookError
from ..reading import clean, e164, field_of, unix
from . import _basic
from ._chat import place, size_of

STOPPED = "STOPPED_BY_USER"
FAILURES = """EXPIRED DELIVERY_FAILURE STOPPED_BY_USER STOPPED_BY_ADMIN ROUTING_ERROR
    INSUFFICIENT_ACCOUNT_BALANCE VOLUME_LIMIT VOLUME_LIMIT_DAILY VOLUME_LIMIT_MONTHLY
    RECIPIENT_DOES_NOT_EXIST MEDIA_NOT_FOUND MEDIA_SIZE_ERROR MEDIA_REJECTED_BY_SUPPLIER
    WHATSAPP_RE_ENGAGEMENT_REQUIRED WHATSAPP_SPAM_RATE_LIMIT_REACHED WHATSAPP_SERVER_RATE_LIMIT"""
STATUSES = {
    **dict.fromkeys(("QUEUED", "SCHEDULED", "SENT_TO_SUPPLIER"), SENT),
    "DEVICE_ACK": DELIVERED,
    "READ": READ,
    **dict.fromkeys(FAILURES.split(), FAILED),
    # The codes of the REST API: queued, at the gateway (twice), queued for later; received.
    **dict.fromkeys(("2", "3", "8", "11"), SENT),
    "4": DELIVERED,
    **dict.fromkeys(("1", "5", "6", "7", "9", "10", "12", "14"), FAILED),
}
PERCENT_ENCODED = ("UTF-16BE", "ISO-8859-1")


class Adapter(HttpProvider):
    name = "Clickatell"
    default_api_address = "https://platform.clickatell.com"
    setup = """1. In the Chat Platform, open (or add) the One API integration, and copy its API \
key into the field here.
2. As the callback for messages and for the status of messages, enter:
{webhook_url}
3. If you set a user name and a password for the callbacks there, enter them here as well."""

    class Credentials(forms.Form):
        api_key = Secret(label="API key")
        callback_user, callback_password = _basic.user(), _basic.password()

    def send(self, message: Outbound) -> Talk[str]:
        fields = {
            "channel": "sms",
            "to": message.recipient.removeprefix("+"),
            "from": message.sender.removeprefix("+"),
            "content": message.text,
            "clientMessageId": message.reference,
        }
        answer = yield self.ask("POST", "/v1/message", json={"messages": [fields]})
        return str(answer.json()["messages"][0]["apiMessageId"])

    def check_credentials(self) -> Talk[None]:
        try:
            answer = yield self.ask("GET", "/v1/balance", sends=False)
        except Rejected:  # an older account knows only the older address
            answer = yield self.ask("GET", "/public-client/balance", sends=False)
        _ = answer.json()["balance"]

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        key = {"Authorization": self.credentials["api_key"]}  # as it is, without "Bearer"
        return self.call(method, path, headers=key, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        if (error := super().error(answer)) or "messages" not in answer.json():
            return error
        first = answer.json()["messages"][0]
        return (
            None
            if first.get("accepted") and not first.get("error")
            else Rejected(f"Clickatell: {self.reason(answer)}")
        )

    def reason(self, answer: Answer) -> str:
        listed = answer.fields.get("messages")
        first = listed[0] if isinstance(listed, list) and listed else {}
        for found in (first, answer.fields):
            error = found.get("error") if isinstance(found, Mapping) else None
            said = field_of(error, "description") or field_of(found, "errorDescription", "error")
            if said:
                return f"{said} ({field_of(error, 'code') or answer.status})"
        return super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        _basic.verify(self.credentials, request)

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        return _basic.authorization(self.credentials)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        for found in _each(request, "moText", "moMedia", "moLocation", mark="fromNumber"):
            sender = e164(field_of(found, "from", "fromNumber"))
            recipient = e164(field_of(found, "to", "toNumber"))
            if not sender or not recipient:
                raise WebhookError("The message does not name its sender and its recipient.")
            text = field_of(found, "content", "text", "caption")
            charset = field_of(found, "charset").upper()
            if charset in PERCENT_ENCODED:
                text = clean(unquote_to_bytes(text).decode(charset, "replace"))
            yield Inbound(
                sender,
                recipient,
                text or place(found, "latitude", "longitude"),
                provider_id=field_of(found, "messageId"),
                media=tuple(_files(found.get("files"))),
                sent_at=unix(field_of(found, "timestamp")),
            )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for found in _each(request, "messageStatusUpdate", mark="statusCode"):
            status = STATUSES.get(field_of(found, "statusCode", "status"))
            number, ours = field_of(found, "messageId"), field_of(found, "clientMessageId")
            if status and (number or ours):
                said = field_of(found, "statusDescription", "status") or "not delivered"
                reason = f"Clickatell: {said}" if status == FAILED else ""
                yield Report(status, number, ours, reason, unix(field_of(found, "timestamp")))

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        for found in _each(request, "messageStatusUpdate", mark="statusCode"):
            if field_of(found, "status") == STOPPED and field_of(found, "to"):
                yield OptOut(e164(field_of(found, "to")), e164(field_of(found, "from")))


def _each(request: WebhookRequest, *kinds: str, mark: str) -> Iterator[Mapping[str, Any]]:
    """What is told of these kinds: a list in an event, or (REST) a request that has ``mark``."""
    event = request.json.get("event")
    if mark in request.json:
        yield request.json
    elif not isinstance(event, Mapping) and not {"fromNumber", "statusCode"} & request.json.keys():
        raise WebhookError("The request has no event.")
    for kind in kinds if isinstance(event, Mapping) else ():
        listed = event.get(kind)
        listed = listed if isinstance(listed, list) else ()
        yield from (each for each in listed if isinstance(each, Mapping))


def _files(listed: Any) -> Iterator[Media]:
    for each in listed if isinstance(listed, list) else ():
        url, name = field_of(each, "downloadUrl"), field_of(each, "fileName")
        if url.startswith(("https://", "http://")):
            size = size_of(each, "byteSize")
            yield Media(url, name=name, content_type=field_of(each, "contentType"), size=size)
