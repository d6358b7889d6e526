"""Telegram bots: texts and files by the Bot API.

Longer than most, for messages come in two ways: by the webhook, or by getUpdates as long as none is
set. The token is part of every address; the log of exchanges cuts it out.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from ..base import (
    Answer,
    Batch,
    Call,
    Event,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    OptOut,
    Outbound,
    Reply,
    Secret,
    Talk,
    Wait,
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
from ..reading import field_of
from ._multipart import multipart
from ._telegram_updates import changes, messages

WANTED = ["message", "edited_message", "my_chat_member"]
GONE = ("blocked by the user", "user is deactivated", "bot was kicked")
SIGNED = "x-telegram-bot-api-secret-token"
HAS_WEBHOOK = "webhook_set"
AT_ONCE, PATIENCE, REST = 50, 25, 60.0  # updates in one answer; seconds of waiting; of resting

# How a file is sent: the method, and the name of its field. Whatever else it is, as a document.
MOST_PHOTO_BYTES = 10_000_000
WAYS = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/webp"), ("sendPhoto", "photo")),
    "video/mp4": ("sendVideo", "video"),
    "audio/mpeg": ("sendAudio", "audio"),
    "audio/ogg": ("sendVoice", "voice"),
}


class Adapter(HttpProvider):
    name = "Telegram"
    default_api_address = "https://api.telegram.org"
    network = "telegram"
    starts = False
    has_reports = False
    collects_every = 0.0
    recipient_interval = 1.0
    default_rate = 30.0
    default_in_flight = 8  # each may hold a file of 50 MB
    max_text = 4096
    media = MediaRules(50_000_000, max_text=1024, inline=True)
    own_address = r"[0-9]{5,20}"
    own_address_help = "The bot's id: the digits before the colon of its token."
    setup = """1. In Telegram, write /newbot to @BotFather, and copy the token into the field here.
2. Save the channel, and add the bot's id (the digits before the colon of the token) as its number.
3. Messages are collected from now on. To have them brought at once instead, use \
"Register this address", which must be a public https one:
{webhook_url}"""

    class Credentials(forms.Form):
        token = Secret(
            label="Token",
            validators=[
                RegexValidator(r"^[0-9]{5,20}:[A-Za-z0-9_-]+$", "Enter it like 12345:ABC-DEF.")
            ],
            help_text="Of the bot, as BotFather gave it.",
        )
        webhook_secret = Secret(
            label="Secret token of the webhook",
            required=False,
            validators=[
                RegexValidator(r"^[A-Za-z0-9_-]{1,256}$", "Letters, digits, _ and - only.")
            ],
            help_text="Only if the webhook is registered by hand. Empty: made from the token.",
        )

        def clean(self) -> dict[str, Any]:
            """Keep the made secret like a typed one, so that it is cut out of logs as well."""
            found: dict[str, Any] = self.cleaned_data
            found["webhook_secret"] = found.get("webhook_secret") or _made(found.get("token"))
            return found

    @property
    def bot(self) -> str:
        """The bot's id, under which it is set up as a number."""
        return str(self.credentials.get("token") or "").partition(":")[0] or "bot"

    @property
    def webhook_secret(self) -> str:
        kept = self.credentials.get("webhook_secret")
        return kept or _made(self.credentials.get("token"))

    def send(self, message: Outbound) -> Talk[str]:
        if message.media:
            answer = yield self.file_call(message, message.media[0])
        else:
            asked = {"chat_id": message.recipient, "text": message.text}
            answer = yield self.ask("sendMessage", asked)
        found = answer.json()["result"]
        return (
            f"{found['chat']['id']}:{found['message_id']}"  # alone, it is unique in its chat only
        )

    def file_call(self, message: Outbound, file: Media) -> Call:
        method, field = WAYS.get(file.content_type, ("sendDocument", "document"))
        size = len(file.content) if file.content is not None else file.size or 0
        if field == "photo" and size > MOST_PHOTO_BYTES:
            method, field = "sendDocument", "document"
        fields = {"chat_id": message.recipient}
        if message.text:
            fields["caption"] = message.text
        if file.content is None:
            return self.ask(method, {**fields, field: file.url})
        body, headers = multipart(fields, field, file)
        return self.call("POST", self.path(method), body=body, headers=headers, timeout=60.0)

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("getMe", sends=False)
        if field_of(answer.json()["result"], "id") != self.bot:
            raise BadCredentials("Telegram: the token is another bot's.")

    def connect(self, webhook_url: str) -> Talk[str]:
        asked = {"url": webhook_url, "secret_token": self.webhook_secret, "allowed_updates": WANTED}
        answer = yield self.ask("setWebhook", asked, sends=False)
        if answer.json()["result"] is not True:
            raise Rejected(f"Telegram: {self.reason(answer)}")
        return "Telegram brings messages to this address from now on."

    def fetch(self, media: Media) -> Talk[bytes]:
        answer = yield self.ask("getFile", {"file_id": media.url}, sends=False)
        path = answer.json()["result"]["file_path"]
        url = f"{self.api_address}/file/bot{self.credentials['token']}/{path}"
        answer = yield Call("GET", url, sends=False, judge=super().error)
        return answer.body

    def collect(self, cursor: str) -> Talk[Batch]:
        asked: dict[str, Any] = {"timeout": PATIENCE, "limit": AT_ONCE, "allowed_updates": WANTED}
        if cursor:
            asked["offset"] = int(cursor)  # which also makes Telegram forget what came before
        try:
            answer = yield self.ask("getUpdates", asked, sends=False, timeout=PATIENCE + 15.0)
        except ProviderError as error:
            if error.code != HAS_WEBHOOK:
                raise
            yield Wait(REST)
            return Batch(cursor=cursor)
        updates = answer.json()["result"]
        events: list[Event] = []
        for update in updates:
            cursor = str(update["update_id"] + 1)
            with contextlib.suppress(WebhookError):  # one that nobody can read stops no other
                events += [*messages(update, self.bot), *changes(update, self.bot)]
        return Batch(tuple(events), cursor, more=len(updates) == AT_ONCE)

    def path(self, method: str) -> str:
        return f"/bot{self.credentials['token']}/{method}"

    def ask(self, method: str, asked: Mapping[str, Any] | None = None, **kwargs: Any) -> Call:
        return self.call("POST", self.path(method), json=asked or {}, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        said, told = f"Telegram: {self.reason(answer)}", self.reason(answer).lower()
        if answer.status == 403:
            return OptedOut(said) if any(each in told for each in GONE) else Rejected(said)
        if answer.status == 404:
            return BadCredentials(f"{said}; check the token")
        if answer.status == 409 and "webhook" in told:
            return Unavailable(said, code=HAS_WEBHOOK)
        if answer.status == 409:
            return Unavailable(f"{said}; does another program use this bot?")
        if answer.status == 413:
            return Rejected(said, code="exceeds_size_limit")
        if answer.status == 429:
            after = field_of(answer.fields.get("parameters"), "retry_after")
            return Throttled(said, after=float(after) if after else retry_after(answer))
        return super().error(answer)

    def reason(self, answer: Answer) -> str:
        return field_of(answer.fields, "description") or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        given = request.headers.get(SIGNED, "").encode(errors="replace")
        if not hmac.compare_digest(self.webhook_secret.encode(), given):
            raise WebhookError("The secret token is missing or wrong; connect the channel again.")

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        return {SIGNED: self.webhook_secret}

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        if "update_id" not in request.json:
            raise WebhookError("The request is no update of Telegram.")
        return messages(request.json, self.bot)

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        return changes(request.json, self.bot)

    def answer(self, request: WebhookRequest) -> Reply:
        return Reply("")  # a text could be taken for a method to be called


def _made(token: str | None) -> str:
    """A secret for the webhook that only who has the token can make."""
    return hmac.new((token or "").encode(), b"webhook", hashlib.sha256).hexdigest()
