"""Bandwidth: SMS and MMS by its Messaging API, version 2.

Longer than most, for a request brings a list of events, messages to several recipients among them,
and files lie behind our login. It signs nothing, but can log in at our webhook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    SENT,
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
from ..errors import ProviderError, Rejected, Unavailable, WebhookError
from ..reading import e164, field_of, moment
from . import _basic
from ._files import is_theirs, name_of

STATUSES = {
    "message-sending": SENT,
    "message-sent": SENT,
    "message-delivered": DELIVERED,
    "message-failed": FAILED,
    "message-read": READ,
}
OPTED_OUT = "4775"
NO_RECEIPT = "9902"  # the network gave no receipt: nobody knows that it failed
FIELDS = {"to": "invalid_phone_number", "from": "invalid_did_number"}


class Adapter(HttpProvider):
    name = "Bandwidth"
    not_found = "check the Account ID and the API address"
    default_api_address = "https://messaging.bandwidth.com/api/v2"
    alphanumeric_sender = True
    max_text = 2048
    media = MediaRules(3_750_000, max_files=10, keep_hours=48)
    setup = """1. In the Bandwidth app, under Account, API Credentials, create a user for this \
desk. Copy its name, its password and your account ID into the fields here.
2. Under Applications, create a messaging application. For inbound and outbound callbacks enter:
{webhook_url}
3. There, choose a user name and a password for the callbacks and enter the same ones here.
4. Copy the application's ID into the field here, and link it to the location of your numbers."""

    class Credentials(forms.Form):
        account_id = forms.CharField(label="Account ID")
        application_id = forms.CharField(label="Application ID")
        user = forms.CharField(label="API user name")
        password = Secret(label="API password")
        callback_user, callback_password = _basic.user(), _basic.password()

    @property
    def auth(self) -> tuple[str, str]:
        return self.credentials["user"], self.credentials["password"]

    @property
    def account(self) -> str:
        return f"/users/{self.credentials['account_id']}"

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {
            "applicationId": self.credentials["application_id"],
            "to": [message.recipient],
            "from": message.sender,
            "tag": message.reference,
        }
        if message.text:
            fields["text"] = message.text
        if message.media:
            fields["media"] = [each.url for each in message.media]
        answer = yield self.call("POST", f"{self.account}/messages", json=fields, auth=self.auth)
        return str(answer.json()["id"])

    def check_credentials(self) -> Talk[None]:
        answer = yield self.call("GET", f"{self.account}/media", auth=self.auth, sends=False)
        if not isinstance(answer.json(), list):
            raise ValueError("no list")

    def fetch(self, media: Media) -> Talk[bytes]:
        auth = self.auth if is_theirs(media.url, self.api_address, "bandwidth.com") else None
        answer = yield self.call("GET", media.url, auth=auth, sends=False)
        return answer.body

    def error(self, answer: Answer) -> ProviderError | None:
        if answer.status == 400:
            names = [field_of(each, "fieldName") for each in _complaints(answer)]
            word = next((FIELDS[name] for name in names if name in FIELDS), "")
            return Rejected(f"Bandwidth: {self.reason(answer)}", code=word)
        return super().error(answer)

    def server_error(self, answer: Answer, said: str) -> ProviderError:
        return Unavailable(said)  # Bandwidth promises that nothing was sent

    def reason(self, answer: Answer) -> str:
        each = [field_of(found, "description") for found in _complaints(answer)]
        said = ", ".join(filter(None, [field_of(answer.fields, "description"), *each]))
        return said or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        _basic.verify(self.credentials, request)

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        return _basic.authorization(self.credentials)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        for event, message in _events(request):
            if field_of(event, "type") != "message-received":
                continue
            everyone = [e164(each) for each in _texts(message, "to")]
            number = e164(field_of(message, "owner") or field_of(event, "to"))
            sender, provider_id = e164(field_of(message, "from")), field_of(message, "id")
            if not (sender and number and provider_id):
                raise WebhookError("The message lacks its id, its sender or its recipient.")
            yield Inbound(
                sender,
                number,
                field_of(message, "text"),
                provider_id=provider_id,
                media=tuple(_files(message)),
                sent_at=moment(field_of(message, "time")),
                others=tuple(each for each in everyone if each != number),
            )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for event, message in _events(request):
            status = STATUSES.get(field_of(event, "type"))
            provider_id, reference = field_of(message, "id"), field_of(message, "tag")
            code = field_of(event, "errorCode")
            if not status or not (provider_id or reference) or code == NO_RECEIPT:
                continue
            said = field_of(event, "description") or "not delivered"
            reason = f"Bandwidth: {said} (code {code})." if status == FAILED else ""
            when = moment(field_of(event, "eventTime", "time"))
            yield Report(status, provider_id, reference, reason=reason, at=when)

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        for event, message in _events(request):
            customer = e164(field_of(event, "to"))
            if field_of(event, "errorCode") == OPTED_OUT and customer:
                yield OptOut(customer, e164(field_of(message, "from")))


def _events(request: WebhookRequest) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each event of the list with its message."""
    for event in request.items:
        yield event, event.get("message")


def _texts(found: Any, name: str) -> list[str]:
    listed = found.get(name) if isinstance(found, Mapping) else None
    words = (field_of({name: each}, name) for each in (listed if isinstance(listed, list) else ()))
    return [word for word in words if word]


def _files(message: Any) -> Iterator[Media]:
    for url in _texts(message, "media"):
        name = name_of(url)
        if not name.lower().endswith(".smil"):  # the order of the parts, no file of the customer
            yield Media(url, name=name, needs_credentials=True)


def _complaints(answer: Answer) -> list[Any]:
    listed = answer.fields.get("fieldErrors")
    return listed if isinstance(listed, list) else []
