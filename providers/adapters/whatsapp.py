"""WhatsApp by Meta's Cloud API: texts, files, templates, reports.

Longer than most, for there are many kinds of messages, and two dozen codes that each want something
else. What a template can hold stands in ``_whatsapp_templates.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    SENT,
    ChannelFault,
    Inbound,
    Media,
    MediaRules,
    Outbound,
    Report,
    Secret,
    Talk,
    Template,
    WebhookRequest,
)
from ..errors import Rejected, WebhookError
from ..reading import field_of, unix
from . import _whatsapp_messages as told
from . import _whatsapp_templates as templates
from ._meta import MetaProvider, said, words
from ._tree import branches, first

STATUSES = {"sent": SENT, "delivered": DELIVERED, "read": READ, "failed": FAILED}
# How a file is sent; whatever else it is, as a document.
KINDS = {
    **dict.fromkeys(("image/jpeg", "image/png"), "image"),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), "audio"),
    **dict.fromkeys(("video/mp4", "video/3gpp"), "video"),
}
MOST = {"image": 5_000_000, "audio": 16_000_000, "video": 16_000_000}
VALUES = "entry.*.changes.*.value"
PAGES, AT_ONCE = 100, "100"  # of templates


class Adapter(MetaProvider):
    name = "WhatsApp"
    network = "whatsapp"
    max_text = 4096
    window_hours = 24.0
    window_help = "Send a template, or wait until the customer writes."
    # Meta allows short bursts, then one message every six seconds.
    recipient_interval = 6.0
    recipient_burst = 45
    media = MediaRules(
        100_000_000,
        max_text=1024,
        sizes=tuple((content_type, MOST[kind]) for content_type, kind in KINDS.items()),
    )
    default_rate = 80.0
    # Its codes. The Graph API's own stand in _meta.py.
    ours = ("131005", "131031", "130497", "131037", "131042", "131044", "131045", "133010")
    slow = ("80007", "130429")
    later = ("131000", "131016", "131057", "135000")
    pause = ("131048", "133016")  # too many complaints; too many registrations
    one = ("131056", "131053", "131064")  # too many to this one; its file; to new ones
    closed = ("131047",)
    stopped = ("131050",)
    own_address = r"[0-9]{5,20}"
    own_address_help = "The phone number ID, digits only: in the app under WhatsApp, API Setup."
    customer_help = "With country code, like +41 79 123 45 10, or a user ID like CH.1234567890."
    setup = """1. At developers.facebook.com open your app. Under WhatsApp, API Setup, copy the \
WhatsApp Business Account ID and the phone number ID.
2. In the business settings, make a system user's access token with whatsapp_business_messaging \
and whatsapp_business_management, and copy it here; copy the app secret as well.
3. Save the channel, and add the phone number ID as its number.
4. In the app under WhatsApp, Configuration, enter as callback URL:
{webhook_url}
5. Beside it enter the verify token chosen here, then subscribe to the field "messages".
6. Press "Register this address" here: it subscribes the app to the account."""

    class Credentials(MetaProvider.Credentials):
        access_token = Secret(label="Access token", help_text="Of a system user: it does not end.")
        account_id = forms.RegexField(
            r"^\d{5,20}$",
            label="WhatsApp Business Account ID",
            help_text="Its templates are offered to agents.",
            error_messages={"invalid": "Enter the account's ID, a number, not its name."},
        )

    @classmethod
    def customer_address(cls, typed: str) -> str:
        typed = typed.strip()
        if re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9._-]{1,200}", typed):
            return typed
        digits = re.sub(r"[ ()./-]", "", typed)
        digits = re.sub(r"^(00|\+)", "", digits)
        if not re.fullmatch(r"[1-9][0-9]{6,14}", digits):
            raise ValueError(f"{typed!r} is neither a number with its country code nor a user ID.")
        return f"+{digits}"

    # sending

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "biz_opaque_callback_data": message.reference,
            **self.content(message),
        }
        phone = message.recipient.startswith("+")
        fields["to" if phone else "recipient"] = message.recipient.removeprefix("+")
        answer = yield self.ask("POST", f"/{quote(message.sender)}/messages", json=fields)
        return field_of(answer.json()["messages"][0], "id")

    def content(self, message: Outbound) -> dict[str, Any]:
        if message.template:
            filled = templates.filled(message.template.template, message.template.values)
            return {"type": "template", "template": filled}
        if not message.media:
            return {"type": "text", "text": {"body": message.text, "preview_url": False}}
        (media,) = message.media
        kind = KINDS.get(media.content_type.split(";")[0].strip().lower(), "document")
        file = {"link": media.url}
        if kind == "audio" and message.text:
            raise Rejected("WhatsApp takes no text beside an audio file; send it by itself.")
        if message.text:
            file["caption"] = message.text
        if kind == "document":
            file["filename"] = media.name
        return {"type": kind, kind: file}

    def check_credentials(self) -> Talk[None]:
        asked = {"fields": "name", "limit": "1"}
        answer = yield self.ask("GET", self.listed, params=asked, sends=False)
        _ = answer.json()["data"]

    @property
    def listed(self) -> str:
        """The path of the account's templates."""
        return f"/{self.credentials['account_id']}/message_templates"

    def templates(self) -> Talk[list[Template]]:
        found: list[Template] = []
        asked = {"fields": "name,language,status,category,components", "limit": AT_ONCE}
        for _ in range(PAGES):
            answer = yield self.ask("GET", self.listed, params=asked, sends=False)
            page = answer.json()
            found += [templates.read(each) for each in page["data"]]
            after = next(branches(page, "paging.cursors.after"), "")
            if not (after and field_of(page.get("paging"), "next")):
                break
            asked = {**asked, "after": str(after)}
        return found

    def connect(self, webhook_url: str) -> Talk[str]:
        path = f"/{self.credentials['account_id']}/subscribed_apps"
        answer = yield self.ask("POST", path, sends=False)
        if answer.json().get("success") is not True:
            raise Rejected("WhatsApp did not subscribe the app to the account.")
        return (
            "The app is subscribed to the account's messages. Meta calls the callback URL that "
            "stands in the app's configuration."
        )

    def fetch(self, media: Media) -> Talk[bytes]:
        answer = yield self.ask("GET", media.url, sends=False)
        # It is good for five minutes, and for this token alone.
        answer = yield self.ask("GET", field_of(answer.json(), "url"), sends=False)
        return answer.body

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        for value in branches(said(request), VALUES):
            ours, known = first(value, "metadata.phone_number_id"), told.names(value)
            for each in told.messages(value):
                if not (ours and told.sender(each) and field_of(each, "id")):
                    raise WebhookError("A message without its id, its sender or our number.")
                yield Inbound(
                    told.sender(each),
                    ours,
                    told.text(each),
                    field_of(each, "id"),
                    told.files(each, f"{self.api_address}/{self.version}/"),
                    unix(field_of(each, "timestamp")),
                    told.name(each, known),
                )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for each in branches(said(request), f"{VALUES}.statuses.*"):
            status, key = STATUSES.get(field_of(each, "status")), field_of(each, "id")
            if status and not key:
                raise WebhookError("A report without the message's id.")
            if status:
                why = next(branches(each, "errors.0"), None) if status == FAILED else None
                reason = f"WhatsApp: {words(why)}" if isinstance(why, dict) else ""
                reference = field_of(each, "biz_opaque_callback_data")
                yield Report(status, key, reference, reason, unix(field_of(each, "timestamp")))

    def parse_other(self, request: WebhookRequest) -> Iterable[ChannelFault]:
        for each in branches(said(request), f"{VALUES}.errors.*"):
            if isinstance(each, dict) and words(each):
                yield ChannelFault(f"WhatsApp: {words(each)}")
