"""Infobip: SMS by its API 3, MMS by its API 2.

Longer than most, for its two APIs and the names of its refusals, which come inside HTTP 200. It
signs nothing, but can log in at our webhook when it brings a message.
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
    OptOut,
    Outbound,
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
    Unavailable,
    Uncertain,
    WebhookError,
)
from ..reading import e164, field_of, moment, worded
from . import _basic
from ._files import is_layout, is_theirs, name_of

STATUSES = {
    **dict.fromkeys(("ACCEPTED", "PENDING"), SENT),
    "DELIVERED": DELIVERED,
    **dict.fromkeys(("UNDELIVERABLE", "EXPIRED", "REJECTED"), FAILED),
}
NOT_ARRIVED = {
    "DELIVERED_TO_OPERATOR",
    "EXPIRED_DLR_UNKNOWN",
}  # the network has it; no more is known
NO_CREDIT = {"REJECTED_NOT_ENOUGH_CREDITS", "REJECTED_PREPAID_PACKAGE_EXPIRED"}
LATER = {"REJECTED_SYSTEM_ERROR"}
TOO_OFTEN = {"REJECTED_FLOODING_FILTER"}
OPTED_OUT = {"REJECTED_DND"}
TAKEN_BEFORE = {"REJECTED_DUPLICATE_MESSAGE_ID"}  # ours are unique: an earlier copy has arrived
THIS = {
    **dict.fromkeys(
        (
            *("REJECTED_DESTINATION", "REJECTED_INVALID_DESTINATION", "REJECTED_PREFIX_MISSING"),
            *("REJECTED_NETWORK", "MISSING_TO", "REJECTED_DESTINATION_NOT_REGISTERED"),
        ),
        "invalid_phone_number",
    ),
    **dict.fromkeys(("REJECTED_SOURCE", "REJECTED_SENDER"), "invalid_did_number"),
    "REJECTED_MESSAGE_TOO_LONG": "invalid_param",
}
REPORTS = "dlr"  # where reports go, which know no login; nothing but reports is read there
NO_SUCH_PLACE = (403, 404, 405, 415)  # the key's rights, or the API address, are to blame


class Adapter(HttpProvider):
    name = "Infobip"
    default_api_address = "https://api.infobip.com"
    api_address_help = "Your account's base URL, like https://xxxxx.api.infobip.com."
    alphanumeric_sender = True
    media = MediaRules(100_000_000, max_files=10)
    default_rate = 10.0
    setup = """1. In the Infobip portal, create an API key with the rights to send and to read \
messages. Copy it into the field here, and the base URL of your account into the API address.
2. Under Channels and Numbers, open your number, and forward its messages by HTTP, as JSON \
with the method POST, to:
{webhook_url}
3. If you have the forwarding log in with a user name and a password, enter both here as well."""

    class Credentials(forms.Form):
        api_key = Secret(label="API key")
        callback_user, callback_password = _basic.user(), _basic.password()

    def send(self, message: Outbound) -> Talk[str]:
        to: dict[str, str] = {"to": message.recipient.removeprefix("+")}
        fields: dict[str, Any] = {"sender": message.sender.removeprefix("+")}
        hooks: dict[str, Any] = {"callbackData": message.reference}
        if message.webhook_url:
            hooks |= {
                "delivery": {"url": f"{message.webhook_url}/{REPORTS}", "notify": True},
                "contentType": "application/json",
            }
        path, content = "/sms/3/messages", dict[str, Any](text=message.text)
        if message.media:
            path, content = "/mms/2/messages", {"messageSegments": list(segments(message))}
        else:
            to["messageId"] = message.reference
        fields |= {"destinations": [to], "content": content, "webhooks": hooks}
        answer = yield self.ask("POST", path, json={"messages": [fields]})
        return str(answer.json()["messages"][0]["messageId"])

    def check_credentials(self) -> Talk[None]:
        try:
            answer = yield self.ask("GET", "/account/1/balance", sends=False)
            _ = answer.json()["balance"]
        except BadCredentials as error:
            if error.code != "request_fail":
                raise
            # A key may be good for messages alone.
            answer = yield self.ask("GET", "/sms/3/logs", params={"limit": "1"}, sends=False)
            _ = answer.json()["results"]

    def fetch(self, media: Media) -> Talk[bytes]:
        headers = self.key if is_theirs(media.url, self.api_address, "infobip.com") else {}
        answer = yield self.call("GET", media.url, headers=headers, sends=False)
        return answer.body

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"App {self.credentials['api_key']}"}

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        return self.call(method, path, headers=self.key, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        if answer.status in NO_SUCH_PLACE:
            said = f"Infobip: {self.reason(answer)}; check the key's rights and the API address."
            return BadCredentials(said, code="request_fail")
        if (error := super().error(answer)) or "messages" not in answer.fields:
            return error
        status = answer.json()["messages"][0]["status"]
        if STATUSES[field_of(status, "groupName")] != FAILED:
            return None
        name, said = field_of(status, "name"), self.words(status)
        if name in NO_CREDIT:
            return BadCredentials(said, code="no_credits")
        if name in TOO_OFTEN:
            return Throttled(said, recipient=True)
        if name in OPTED_OUT:
            return OptedOut(said)
        for names, kind in ((LATER, Unavailable), (TAKEN_BEFORE, Uncertain)):
            if name in names:
                return kind(said)
        return Rejected(said, code=THIS.get(name, ""))

    def words(self, *found: Any) -> str:
        """A sentence of the first of these that tells more than that there was no error."""
        told = [each for each in found if field_of(each, "name") not in ("", "NO_ERROR")]
        first = told[0] if told else None
        said = field_of(first, "description") or "not delivered"
        return f"Infobip: {said} ({field_of(first, 'name') or 'no word why'})."

    def reason(self, answer: Answer) -> str:
        found = answer.fields
        older = found.get("requestError")
        older = older.get("serviceException") if isinstance(older, Mapping) else None
        said = field_of(found, "description") or field_of(older, "text")
        code = field_of(found, "errorCode") or field_of(older, "messageId")
        return worded(said, code) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        if request.tail != REPORTS:
            _basic.verify(self.credentials, request)

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        return _basic.authorization(self.credentials)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        for found in results(request):
            if "status" in found or request.tail == REPORTS:
                continue
            sender, recipient = (e164(field_of(found, name)) for name in ("from", "to"))
            if not sender or not recipient:
                raise WebhookError("The message does not name its sender and its recipient.")
            parts = found.get("message")
            parts = parts if isinstance(parts, list) else []
            texts = [field_of(found, "text", "message"), *(field_of(p, "value") for p in parts)]
            yield Inbound(
                sender,
                recipient,
                "\n".join(filter(None, texts)),
                provider_id=field_of(found, "messageId"),
                media=tuple(files(parts)),
                sent_at=moment(field_of(found, "receivedAt")),
            )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for found in results(request):
            told = found.get("status")
            names = field_of(found, "messageId"), field_of(found, "callbackData")
            status = STATUSES.get(field_of(told, "groupName"))
            if not status or not any(names):
                continue
            status = SENT if field_of(told, "name") in NOT_ARRIVED else status
            reason = self.words(found.get("error"), told) if status == FAILED else ""
            yield Report(status, *names, reason, moment(field_of(found, "doneAt")))

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut]:
        for found in results(request):
            customer = e164(field_of(found, "to"))
            if field_of(found.get("status"), "name") in OPTED_OUT and customer:
                yield OptOut(customer, e164(field_of(found, "sender")))


def segments(message: Outbound) -> Iterator[dict[str, str]]:
    """The parts of an MMS: the text, and each file by its address."""
    if message.text:
        yield {"type": "TEXT", "text": message.text}
    for each in message.media:
        link = {"type": "LINK", "contentUrl": each.url}
        yield link | ({"contentType": each.content_type} if each.content_type else {})


def results(request: WebhookRequest) -> Iterator[Mapping[str, Any]]:
    """Each message, or report, of the request."""
    listed = request.json.get("results")
    if not isinstance(listed, list):
        raise WebhookError("The request has no results.")
    yield from (each for each in listed if isinstance(each, Mapping))


def files(parts: list[Any]) -> Iterator[Media]:
    """The files of an MMS; its texts have no address."""
    for part in parts:
        if url := field_of(part, "url"):
            kind = field_of(part, "contentType")
            media = Media(url, name=name_of(url), content_type=kind, needs_credentials=True)
            if not is_layout(media):
                yield media
