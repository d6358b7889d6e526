"""Bird (MessageBird): SMS by its Channels API, SMS and MMS by the older REST API.

Longer than most, for two generations of the API. What they bring stands in ``_bird_requests.py``,
how they sign it in ``_bird_signing.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.exceptions import ValidationError

from ..base import (
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
from ..errors import BadCredentials, ProviderError, Rejected
from ..reading import e164, field_of, worded
from . import _bird_requests as brought
from . import _bird_signing as signing
from ._bird_requests import STATUSES as STATUSES
from ._files import is_theirs
from ._params import own_number

REST, REST_ADDRESS = "rest", "https://rest.messagebird.com"
# Codes of the REST API: not allowed, no such API; not enough balance.
OURS, NO_CREDIT = {"2", "98"}, "25"
PARAMETERS = {
    **dict.fromkeys(("recipients", "recipient"), "invalid_phone_number"),
    "originator": "invalid_did_number",
}


class Adapter(HttpProvider):
    name = "Bird (MessageBird)"
    default_api_address = "https://api.bird.com"
    not_found = "check the workspace, the channel and the API address"
    alphanumeric_sender = True
    media = MediaRules(100_000_000, max_files=10)
    setup = """1. In Bird, create an access key, and copy it into the field here with the IDs of \
the workspace and of the channel. An older key of MessageBird needs no IDs.
2. Add a webhook for the events sms.inbound and sms.outbound of this channel, and choose a \
signing key. For MessageBird, have the number forward its messages by POST instead. The address is:
{webhook_url}
3. Copy the signing key into the field here."""

    class Credentials(forms.Form):
        api = forms.ChoiceField(
            label="API",
            choices=[("channels", "Channels API (Bird)"), (REST, "REST API (MessageBird)")],
        )
        access_key = Secret(label="Access key")
        workspace = forms.CharField(
            label="Workspace ID", required=False, help_text="Of the Channels API."
        )
        channel = forms.CharField(
            label="Channel ID", required=False, help_text="Of the Channels API."
        )
        signing_key = Secret(
            label="Signing key",
            required=False,
            help_text="If set, requests that are not signed with it are refused.",
        )
        own_number = own_number()

        def clean(self) -> dict[str, Any]:
            found: dict[str, Any] = super().clean() or self.cleaned_data
            if found.get("api") == "channels" and not (
                found.get("workspace") and found.get("channel")
            ):
                raise ValidationError("The Channels API needs the IDs of workspace and channel.")
            return found

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        self.by_rest = credentials.get("api") == REST
        usual = REST_ADDRESS if self.by_rest else self.default_api_address
        super().__init__(credentials, api_address or usual)

    @property
    def place(self) -> str:
        """The path of the channel."""
        ids = (quote(self.credentials.get(n) or "", safe="") for n in ("workspace", "channel"))
        return "/workspaces/{}/channels/{}".format(*ids)

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"AccessKey {self.credentials['access_key']}"}

    def send(self, message: Outbound) -> Talk[str]:
        path, fields = self.rest(message) if self.by_rest else self.of_channel(message)
        answer = yield self.ask("POST", path, json=fields | {"reference": message.reference})
        return str(answer.json()["id"])

    def of_channel(self, message: Outbound) -> tuple[str, dict[str, Any]]:
        """Where a message goes, and its fields. Raises Rejected for files that are no pictures."""
        if not all(each.content_type.startswith("image/") for each in message.media):
            said = "Bird: the Channels API takes pictures and no other files."
            raise Rejected(said, code="unsupport_media_type")
        body: dict[str, Any] = {"type": "text", "text": {"text": message.text}}
        if message.media:
            images: dict[str, Any] = {"images": [{"mediaUrl": m.url} for m in message.media]}
            images |= {"text": message.text} if message.text else {}
            body = {"type": "image", "image": images}
        who = {"identifierValue": message.recipient, "identifierKey": "phonenumber"}
        return f"{self.place}/messages", {"receiver": {"contacts": [who]}, "body": body}

    def rest(self, message: Outbound) -> tuple[str, dict[str, Any]]:
        """The same for the REST API."""
        fields: dict[str, Any] = {"originator": message.sender.removeprefix("+")}
        fields["recipients"] = [message.recipient.removeprefix("+")]
        if message.text:
            fields["body"] = message.text
        if message.media:
            return "/mms", fields | {"mediaUrls": [each.url for each in message.media]}
        fields["datacoding"] = "auto"
        return "/messages", fields | (
            {"reportUrl": message.webhook_url} if message.webhook_url else {}
        )

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "/balance" if self.by_rest else self.place, sends=False)
        if not answer.fields:
            raise ValueError("no account")

    def fetch(self, media: Media) -> Talk[bytes]:
        headers = self.key if is_theirs(media.url, self.api_address, "bird.com") else {}
        answer = yield self.call("GET", media.url, headers=headers, sends=False)
        return answer.body

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        return self.call(method, path, headers=self.key, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        error = super().error(answer)
        found = self.complaint(answer)
        code = field_of(found, "code")
        if error and code == NO_CREDIT:
            return BadCredentials(error.reason, code="no_credits")
        if error and code in OURS:
            return BadCredentials(error.reason)
        if isinstance(error, Rejected):
            return Rejected(error.reason, code=PARAMETERS.get(field_of(found, "parameter"), ""))
        return error

    def complaint(self, answer: Answer) -> Any:
        """The first error of the REST API's list; of the Channels API, the whole answer."""
        listed = answer.fields.get("errors")
        return listed[0] if isinstance(listed, list) and listed else answer.fields

    def reason(self, answer: Answer) -> str:
        found = self.complaint(answer)
        code, said = field_of(found, "code"), field_of(found, "description", "message")
        return worded(said, code) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        if key := self.credentials.get("signing_key"):
            signing.verify(key, request)

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        if not (key := self.credentials.get("signing_key")):
            return {}
        sign = signing.token_header if self.by_rest else signing.headers
        return sign(key, request)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        event = brought.event(request, self.credentials.get("channel") or "")
        if event is None:
            yield from brought.rest_inbound(brought.fields(request), request)
        elif event[0].endswith(".inbound"):
            yield brought.inbound(event[1], e164(self.credentials.get("own_number") or ""))

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        event = brought.event(request, self.credentials.get("channel") or "")
        if event is None:
            yield from brought.rest_report(brought.fields(request))
        elif event[0].endswith(".outbound"):
            yield from brought.report(event[1])

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        if brought.event(request, "") is None:
            yield from brought.rest_opt_out(brought.fields(request))
