"""Flowroute (BCM One): SMS and MMS in North America by its JSON:API.

Longer than most, for it registers four addresses for its callbacks. Nothing that it brings is
signed: only the secret part of the address protects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

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
from ..reading import e164, field_of, moment
from ._chat import size_of

# The words of level 2, from the carrier or the phone; level 1 only says that a carrier has it.
STATUSES = {"delivered": DELIVERED, "message buffered": SENT, "smsc submit": SENT}
CALLBACKS = ("sms_callback", "mms_callback", "sms_dlr_callback", "mms_dlr_callback")
JSON_API = "application/vnd.api+json"


class Adapter(HttpProvider):
    name = "Flowroute"
    default_api_address = "https://api.flowroute.com"
    default_rate = 5.0
    media = MediaRules(750_000, max_files=10)  # in all, text included
    setup = """1. In Flowroute's portal, under Preferences, API Control, copy the access key and \
the secret key into the fields here.
2. Use "Register this address": for SMS, for MMS and for the receipts of both. You may also enter \
it there by hand:
{webhook_url}
3. Register each number that is to send (10DLC, or toll-free verification)."""

    class Credentials(forms.Form):
        access_key = forms.CharField(label="Access key")
        secret_key = Secret(label="Secret key")
        api_version = forms.ChoiceField(
            label="Version of the API",
            choices=[("v2.2", "v2.2"), ("v2.1", "v2.1")],
            required=False,
            help_text="v2.1 only if v2.2 is refused; Flowroute's own examples name both.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {
            "from": message.sender.removeprefix("+"),
            "to": message.recipient.removeprefix("+"),
            "body": message.text,
            "is_mms": bool(message.media),
        }
        if message.media:
            fields["media_urls"] = [each.url for each in message.media]
        if message.webhook_url:
            fields["dlr_callback"] = message.webhook_url
        asked = {"data": {"type": "message", "attributes": fields}}
        answer = yield self.ask("POST", "messages", json=asked)
        return str(answer.json()["data"]["id"])

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "numbers", params={"limit": "1"}, sends=False)
        _ = answer.json()["data"]

    def connect(self, webhook_url: str) -> Talk[str]:
        for kind in CALLBACKS:
            asked = {"callback_url": webhook_url}
            answer = yield self.ask("PUT", f"messages/{kind}", json=asked, sends=False)
            _ = answer.body and answer.json()  # nothing, or at least not another server's page
        return "Flowroute brings messages and receipts to this address from now on."

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        version = self.credentials.get("api_version") or "v2.2"
        keys = (self.credentials["access_key"], self.credentials["secret_key"])
        headers = {"Content-Type": JSON_API, "Accept": JSON_API}
        return self.call(method, f"/{version}/{path}", auth=keys, headers=headers, **kwargs)

    def reason(self, answer: Answer) -> str:
        listed = answer.fields.get("errors")
        first = listed[0] if isinstance(listed, list) and listed else None
        return field_of(first, "detail", "title") or super().reason(answer)

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        kind, number, found = _event(request)
        if kind != "message" or field_of(found, "direction") == "outbound":
            return
        sender, recipient = e164(field_of(found, "from")), e164(field_of(found, "to"))
        if not sender or not recipient:
            raise WebhookError("The message does not name its sender and its recipient.")
        yield Inbound(
            sender,
            recipient,
            field_of(found, "body"),
            provider_id=number,
            media=tuple(_files(request.json.get("included"))),
            sent_at=moment(field_of(found, "timestamp")),
        )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        kind, number, found = _event(request)
        if kind != "delivery_receipt":
            return
        if not number:
            raise WebhookError("The receipt does not name its message.")
        word = field_of(found, "status")
        # What is neither success nor on its way is one of many words for a failure.
        final = STATUSES.get(word.lower(), FAILED if word else SENT)
        status = SENT if field_of(found, "level") == "1" else final
        said = field_of(found, "status_code_description") or word
        reason = f"Flowroute: {said}" if status == FAILED else ""
        yield Report(status, number, reason=reason, at=moment(field_of(found, "timestamp")))


def _event(request: WebhookRequest) -> tuple[str, str, Mapping[str, Any]]:
    """The kind of the event, its message's id, and what it says. Raises WebhookError."""
    found = request.json.get("data")
    attributes = found.get("attributes") if isinstance(found, Mapping) else None
    if not isinstance(attributes, Mapping):
        raise WebhookError("The request has no data with attributes.")
    return field_of(found, "type"), field_of(found, "id"), attributes


def _files(included: Any) -> Iterator[Media]:
    for each in included if isinstance(included, list) else ():
        found = each.get("attributes") if isinstance(each, Mapping) else None
        url, kind = field_of(found, "url"), field_of(found, "mime_type")
        if url.startswith(("https://", "http://")) and "smil" not in kind:
            name, size = field_of(found, "file_name"), size_of(found, "file_size")
            yield Media(url, name=name, content_type=kind, size=size)
