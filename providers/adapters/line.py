"""LINE official accounts: texts and pictures by the Messaging API.

Longer than most, for LINE takes no uploads and no file but by address, keeps received files on a
host of its own, and lets a push whose answer was lost be repeated: with the same retry key it is
not sent twice. A push to who blocked the account succeeds all the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from django import forms

from ..base import (
    Answer,
    Call,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    OptOut,
    Outbound,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import BadCredentials, ProviderError, Rejected, Unavailable, Uncertain, WebhookError
from ..reading import field_of
from ._line_events import changes, messages

MOST_PREVIEW_BYTES = 1_000_000  # a larger picture would need a smaller one beside it
PATIENCE = 20.0  # seconds for one push: the same one may be repeated
SIGNED = "x-line-signature"
TAKEN = 409  # a push with this retry key was accepted already


class Adapter(HttpProvider):
    name = "LINE"
    default_api_address = "https://api.line.me"
    network = "line"
    starts = False
    has_reports = False
    default_rate = 10.0
    max_text = 5000
    text_unit = "utf-16"
    media = MediaRules(200_000_000, max_files=4)
    own_address = r"U[0-9a-f]{32}"
    own_address_help = "The account's own user id, U and 32 letters and digits; Connect tells it."
    setup = """1. In the LINE Developers console, open the Messaging API channel. Copy the channel \
secret (Basic settings) and a long-lived access token (Messaging API) into the fields here; save.
2. Use "Register this address"; it also tells the account's own user id:
{webhook_url}
3. Add that id as the channel's number.
4. In the console, turn on "Use webhook" and "Webhook redelivery", and turn off the automatic \
replies of the official account."""

    class Credentials(forms.Form):
        token = Secret(label="Channel access token")
        secret = Secret(label="Channel secret", help_text="Signs what LINE brings us.")

    def send(self, message: Outbound) -> Talk[list[str]]:
        texts = [{"type": "text", "text": message.text}] if message.text else []
        asked = {"to": message.recipient, "messages": [*texts, *map(_attached, message.media)]}
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, message.reference))
        push = self.ask(
            "POST",
            "/v2/bot/message/push",
            asked,
            timeout=PATIENCE,
            headers={"X-Line-Retry-Key": key},
        )
        try:
            answer = yield push
        except Uncertain as lost:
            try:
                answer = yield push
            except Rejected:
                raise  # a known key would be told as such, so that the first one did not arrive
            except ProviderError:
                raise lost from None
        found = answer.json()
        listed = found.get("sentMessages", ()) if answer.status == TAKEN else found["sentMessages"]
        return [str(each["id"]) for each in listed]

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "/v2/bot/info", sends=False)
        _ = answer.json()["userId"]

    def connect(self, webhook_url: str) -> Talk[str]:
        path = "/v2/bot/channel/webhook/endpoint"
        answer = yield self.ask("GET", "/v2/bot/info", sends=False)
        own = f"The account's own id is {answer.json()['userId']}."
        answer = yield self.ask("PUT", path, {"endpoint": webhook_url}, sends=False)
        _ = answer.json()
        answer = yield self.ask("GET", path, sends=False)
        if not answer.json()["active"]:
            return f'The address is registered. Turn on "Use webhook" in the console. {own}'
        answer = yield self.ask("POST", "/v2/bot/channel/webhook/test", {}, sends=False)
        tested = answer.json()
        if not tested["success"]:
            said = field_of(tested, "detail", "reason") or "no answer"
            raise Rejected(f"LINE: the address is registered, but its test failed: {said}")
        return f"LINE brings messages to this address from now on. {own}"

    def profile(self, customer: str) -> Talk[str]:
        kinds = {"U": ("profile/{}", "displayName"), "C": ("group/{}/summary", "groupName")}
        if customer[:1] not in kinds:
            return ""  # a room has no name
        path, field = kinds[customer[0]]
        answer = yield self.ask("GET", "/v2/bot/" + path.format(quote(customer, "")), sends=False)
        return field_of(answer.json(), field)

    def fetch(self, media: Media) -> Talk[bytes]:
        if media.content_type.startswith(("video/", "audio/")):
            answer = yield self.ask("GET", f"{media.url}/transcoding", sends=False)
            state = answer.json()["status"]
            if state != "succeeded":
                error = Rejected if state == "failed" else Unavailable
                raise error(f"LINE: the file is not ready ({state}).")
        answer = yield self.ask("GET", media.url, sends=False)
        return answer.body

    def ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Call:
        bearer = {"Authorization": f"Bearer {self.credentials['token']}", **(headers or {})}
        return self.call(method, path, json=asked, headers=bearer, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        said = self.reason(answer)
        if answer.status == TAKEN:
            return None
        if answer.status == 202:
            return Unavailable("LINE: the file is not ready.")
        if answer.status == 403:
            return BadCredentials(f"LINE: {said}; the account's plan does not allow this")
        if answer.status == 413:
            return Rejected(f"LINE: {said}", code="exceeds_size_limit")
        if answer.status == 429 and "monthly limit" in said:
            return BadCredentials(f"LINE: {said}", code="no_credits")
        return super().error(answer)

    def reason(self, answer: Answer) -> str:
        found, said = answer.fields, field_of(answer.fields, "message")
        listed = found.get("details")
        for each in listed if isinstance(listed, list) else []:
            said += f"; {field_of(each, 'property')}: {field_of(each, 'message')}"
        return said or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        (signed,) = self.signature(request).values()
        given = request.headers.get(SIGNED, "").encode(errors="replace")
        if not hmac.compare_digest(signed.encode(), given):
            raise WebhookError("X-Line-Signature is missing or wrong; compare the channel secret.")

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        key = str(self.credentials.get("secret") or "").encode()
        signed = base64.b64encode(hmac.new(key, request.body, hashlib.sha256).digest())
        return {SIGNED: signed.decode()}

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        files_at = self.api_address.replace("//api.line.me", "//api-data.line.me")
        return messages(request, files_at)

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        return changes(request)


def _attached(file: Media) -> dict[str, str]:
    """A small picture as such; any other file, of which LINE would want a preview, as a link."""
    size = file.size or len(file.content or b"")
    if file.content_type in ("image/jpeg", "image/png") and 0 < size <= MOST_PREVIEW_BYTES:
        return {"type": "image", "originalContentUrl": file.url, "previewImageUrl": file.url}
    return {"type": "text", "text": f"{file.name}\n{file.url}".strip()}
