"""Apidaze (Sangoma, VoIP Innovations): SMS and MMS by its REST API.

Longer than most, for its answers and requests come in several forms. The API key is part of the
path and the secret part of the query, on every call. There are no delivery reports; one that comes
all the same, from a number set up for them, is believed. An inbound file comes in one of the forms
of ``_files.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Call,
    HttpProvider,
    Inbound,
    MediaRules,
    Outbound,
    Reply,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import ProviderError, Rejected, WebhookError
from ..reading import e164, field_of
from ._files import read_files

MESSAGES = ("incomingWebhookSMS", "incomingWebhookMMS")
STATUSES = {
    **dict.fromkeys(("delivered", "delivrd", "success"), DELIVERED),
    **dict.fromkeys(("failed", "undelivered", "undeliv", "rejected", "expired", "error"), FAILED),
    **dict.fromkeys(("sent", "accepted", "queued", "buffered"), SENT),
}
EMPTY_SCRIPT = "<document><work></work></document>"  # for a voice call, which we do not take


class Adapter(HttpProvider):
    name = "Apidaze"
    default_api_address = "https://api.apidaze.io"
    not_found = "check the API Key and the API address"
    alphanumeric_sender = True
    has_reports = False
    media = MediaRules(100_000_000, max_files=10, keep_hours=72, accompanying_text=True)
    unreadable_status = 200  # any other makes Apidaze repeat what we have kept already
    setup = """1. In the Apidaze portal, copy the API key and the API secret into the fields here.
2. Under the phone number, choose "API POST" as the destination of messages and enter:
{webhook_url}
3. To write to customers in the USA, register the number for 10DLC first. Without it, Apidaze \
accepts messages which the carriers then drop without a word.
4. If your account lives at another API address, enter that here. Known ones are:
https://api4.apidaze.io
https://cpaas-api.voipinnovations.com"""

    class Credentials(forms.Form):
        api_key = Secret(label="API Key")
        api_secret = Secret(label="Secret")
        max_file_mb = forms.FloatField(
            label="Largest file (MB)",
            required=False,
            min_value=0.01,
            max_value=100,
            help_text="At most 100. Most carriers refuse files above 0.5 to 1 MB.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        limit = float(self.credentials.get("max_file_mb") or 100) * 1_000_000
        for each in message.media:
            if each.size and each.size > limit:
                said = f"{each.name or 'The file'} is larger than the {limit / 1e6:g} MB allowed."
                raise Rejected(f"Apidaze: {said}", code="exceeds_size_limit")
        fields = {
            "from": message.sender.removeprefix("+"),
            "to": message.recipient.removeprefix("+"),
            "body": message.text,
            "message_type": "MMS" if message.media else "SMS",
        }
        if message.media:
            fields["body"] = message.text or " "
            fields |= {f"file_urls[{n}]": each.url for n, each in enumerate(message.media)}
        answer = yield self.ask("POST", "/sms/send", form=fields)
        found = answer.json()
        return field_of(found.get("details"), "uuid") or field_of(found, "message_id", "id", "uuid")

    def check_credentials(self) -> Talk[None]:
        yield self.ask("GET", "/validates", sends=False)

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, *, sends: bool = True
    ) -> Call:
        path = f"/{quote(self.credentials['api_key'], safe='')}{path}"
        secret = {"api_secret": self.credentials["api_secret"]}
        return self.call(method, path, form=form, params=secret, sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        found = answer.json()  # an empty answer is no yes
        if found.get("ok") is False or field_of(found, "code").startswith("E_"):
            return Rejected(f"Apidaze: {self.reason(answer)}")
        if not (found.get("ok") or found.get("global")):
            raise ValueError("neither yes nor no")
        return None

    def reason(self, answer: Answer) -> str:
        found = answer.fields
        said = field_of(found, "error", "message") or str(found.get("errors") or "")[:200]
        return said or super().reason(answer)

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        if request.method == "GET":
            return
        found = request.fields
        kind = field_of(found, "type")
        sender = e164(field_of(found, "caller_id_number", "from"))
        recipient = e164(field_of(found, "destination_number", "to"))
        text = field_of(found, "text", "body", "message")
        files, raw = read_files(found)
        if kind not in MESSAGES and (kind or not (text or files) or "status" in found):
            return
        if not sender or not recipient:
            raise WebhookError("The message does not name its sender and its recipient.")
        provider_id = field_of(found, "reference_id", "message_uuid", "uuid", "id")
        yield Inbound(sender, recipient, text, provider_id=provider_id, media=files, raw=raw)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        if request.method == "GET" or field_of(request.fields, "type") in MESSAGES:
            return
        found = request.fields
        word, provider_id = field_of(found, "status"), field_of(found, "msgid", "uuid")
        status = STATUSES.get(word.lower())
        if status and provider_id:
            said = field_of(found, "error", "reason", "message") or word
            yield Report(status, provider_id, reason=f"Apidaze: {said}" if status == FAILED else "")

    def answer(self, request: WebhookRequest) -> Reply:
        if request.method == "GET":
            return Reply(EMPTY_SCRIPT, "text/xml; charset=utf-8")
        return Reply()
