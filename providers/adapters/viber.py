"""Viber bots: texts, pictures, videos and files by the REST Bot API.

Longer than most, for each kind of file has its own form, and a dozen statuses mean different
things. The verdict is a status inside HTTP 200. Requests to us do not say which bot they are for,
so that its name, which also stands above each message, is the channel's number.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    Answer,
    Call,
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
)
from ..errors import (
    BadCredentials,
    OptedOut,
    ProviderError,
    Rejected,
    Throttled,
    Uncertain,
    WebhookError,
)
from ..reading import field_of, unix
from ._chat import place, size_of

# Statuses of an answer. Those of the first group meet every message: the channel's fault.
OURS = {
    **dict.fromkeys(("2", "15"), ("", "compare the token")),
    **dict.fromkeys(("7", "8", "9"), ("", "the bot is blocked, suspended or gone")),
    "10": ("", "it has no webhook yet; click Connect"),
    **dict.fromkeys(("22", "23", "24"), ("no_credits", "look at the bot's balance")),
}
THIS = ("1", "3", "4", "5", "11", "13", "14", "16", "17", "18", "19", "20", "21")

STATUSES = {"delivered": DELIVERED, "seen": READ, "failed": FAILED}
EVENTS = [*STATUSES, "subscribed", "unsubscribed", "conversation_started", "message"]
MOST_PICTURE_BYTES, MOST_VIDEO_BYTES = 1_000_000, 26_000_000
MOST_CAPTION = 512
SIGNED = "x-viber-content-signature"


class Adapter(HttpProvider):
    name = "Viber"
    default_api_address = "https://chatapi.viber.com"
    network = "viber"
    starts = False
    default_rate = 10.0
    max_text = 7000
    media = MediaRules(50_000_000, max_text=MOST_CAPTION)
    own_address = r"\S(.{0,26}\S)?"
    own_address_help = "The bot's name, written like the one in the channel's first tab."
    setup = """1. At partners.viber.com, open the bot and copy its token into the field here.
2. Enter the bot's name, save the channel, and add the same name as its number.
3. Use "Register this address". It needs a certificate of a known authority:
{webhook_url}"""

    class Credentials(forms.Form):
        token = Secret(label="Token")
        bot_name = forms.CharField(
            label="Name of the bot",
            max_length=28,
            help_text="Stands above each message. Add the same name under Numbers.",
        )
        welcome = forms.CharField(
            label="Welcome",
            required=False,
            max_length=7000,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text="Shown to a customer who opens the chat for the first time.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        asked = {"receiver": message.recipient, "sender": {"name": message.sender[:28]}}
        answer = yield self.ask("send_message", asked | self.content(message))
        return str(answer.json()["message_token"])

    def content(self, message: Outbound) -> dict[str, Any]:
        """The part of the message that is its text or its file. Raises Rejected."""
        if not message.media:
            return {"type": "text", "text": message.text}
        file = message.media[0]
        size = file.size or len(file.content or b"")
        if file.content_type == "image/jpeg" and 0 < size <= MOST_PICTURE_BYTES:
            return {"type": "picture", "media": file.url, "text": message.text}
        if message.text:
            said = "takes a text only beside a JPEG picture of at most 1 MB; send it by itself"
            raise Rejected(f"Viber: it {said}.", code="invalid_param")
        if file.content_type == "video/mp4" and 0 < size <= MOST_VIDEO_BYTES:
            return {"type": "video", "media": file.url, "size": size}
        named = (file.name or "file")[-256:]
        return {"type": "file", "media": file.url, "size": size, "file_name": named}

    def check_credentials(self) -> Talk[None]:
        yield self.ask("get_account_info", {}, sends=False)

    def connect(self, webhook_url: str) -> Talk[str]:
        asked = {"url": webhook_url, "event_types": EVENTS, "send_name": True, "send_photo": False}
        yield self.ask("set_webhook", asked, sends=False)
        return "Viber brings messages to this address from now on."

    def ask(self, method: str, asked: Mapping[str, Any], **kwargs: Any) -> Call:
        key = {"X-Viber-Auth-Token": self.credentials["token"]}
        return self.call("POST", f"/pa/{method}", json=asked, headers=key, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        status = field_of(answer.json(), "status")
        if status == "0":
            return None
        if not status:
            raise ValueError("no status")
        said = f"Viber: {field_of(answer.json(), 'status_message') or 'no'} (status {status})"
        if status in OURS:
            code, hint = OURS[status]
            return BadCredentials(f"{said}; {hint}.", code=code)
        if status == "6":
            return OptedOut(f"{said}.")
        if status == "12":
            return Throttled(f"{said}.")
        return Rejected(f"{said}.") if status in THIS else Uncertain(f"{said}.")

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        (signed,) = self.signature(request).values()
        given = request.headers.get(SIGNED) or request.query.get("sig", "")
        if not hmac.compare_digest(signed.encode(), given.encode(errors="replace")):
            raise WebhookError("X-Viber-Content-Signature is missing or wrong; compare the token.")

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        key = str(self.credentials.get("token") or "").encode()
        return {SIGNED: hmac.new(key, request.body, hashlib.sha256).hexdigest()}

    @property
    def bot(self) -> str:
        return self.credentials.get("bot_name") or "bot"

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = request.json
        if not field_of(found, "event"):
            raise WebhookError("The request does not name its event.")
        if found["event"] != "message":
            return
        sender, content = found.get("sender"), found.get("message")
        if not field_of(sender, "id") or not isinstance(content, Mapping):
            raise WebhookError("The message lacks its sender or its content.")
        yield Inbound(
            field_of(sender, "id"),
            self.bot,
            field_of(content, "text") or _shown(content),
            provider_id=field_of(found, "message_token"),
            media=tuple(_files(content)),
            sent_at=unix(field_of(found, "timestamp")),
            name=field_of(sender, "name"),
        )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = request.json
        status, provider_id = (
            STATUSES.get(field_of(found, "event")),
            field_of(found, "message_token"),
        )
        if status and provider_id:
            said = field_of(found, "desc") or "not delivered"
            reason = f"Viber: {said}" if status == FAILED else ""
            yield Report(status, provider_id, reason=reason, at=unix(field_of(found, "timestamp")))

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        found = request.json
        event = field_of(found, "event")
        who = field_of(found, "user_id") or field_of(found.get("user"), "id")
        if who and event in ("subscribed", "unsubscribed"):
            yield OptOut(who, self.bot, lifted=event == "subscribed")

    def answer(self, request: WebhookRequest) -> Reply:
        welcome = self.credentials.get("welcome")
        if not welcome or field_of(request.json, "event") != "conversation_started":
            return Reply()
        said = {"sender": {"name": self.bot}, "type": "text", "text": welcome}
        return Reply(json.dumps(said), "application/json")


def _files(content: Mapping[str, Any]) -> Iterator[Media]:
    """The file of a message. Its address ends after a while and needs no credentials."""
    kind, url = field_of(content, "type"), field_of(content, "media")
    if kind in ("picture", "video", "file") and url.startswith(("https://", "http://")):
        name = field_of(content, "file_name") or {"picture": "picture.jpg"}.get(kind, "video.mp4")
        yield Media(url, name=name, size=size_of(content, "size"))


def _shown(content: Mapping[str, Any]) -> str:
    """What is neither text nor file, as text."""
    kind, contact = field_of(content, "type"), content.get("contact")
    if kind == "url":
        return field_of(content, "media")
    if kind == "sticker":
        return f"(sticker {field_of(content, 'sticker_id')})"
    lines = [place(content.get("location"), "lat", "lon")]
    lines += [field_of(contact, "name"), field_of(contact, "phone_number")]
    known = kind in ("text", "picture", "video", "file")
    return "\n".join(filter(None, lines)) or ("" if known else f"({kind})")
