"""Ozeki: text messages by the HTTP API of the Phone System (SendSms) or of the SMS Gateway.

Odd in two ways: the verdict is a code inside HTTP 200, in XML; and the maker publishes neither the
fields of its notifications nor the words for a delivery status, so both are fields of the channel.
Our reference goes along in the address for reports, so that one is matched without an SmsId. The
form makes half of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Call,
    HttpProvider,
    Inbound,
    Outbound,
    Reply,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import BadCredentials, ProviderError, Rejected, Unavailable, WebhookError
from ..reading import e164, field_of
from ._xml import leaves

# Codes of the Phone System. Those of the first group meet every message, whatever its text.
OURS = {
    "301": "this version has no such command",
    "303": "the command cannot be used here",
    "304": "it asks for a user name and a password",
    "305": "wrong user name or password",
    "306": "the user may not use the API",
    "307": "it refuses this server's IP address; allow it in the HTTP API's settings",
    "401": "the API extension is not available; check its number and its permissions",
}
THIS = {
    "300": ("invalid_param", "it cannot read the request"),
    "302": ("invalid_param", "a parameter is missing or invalid"),
    "501": ("invalid_phone_number", "no dial plan rule leads to this number"),
}
# What the notifications call things: inferred by the reference, so each can be changed.
FIELDS = {
    "Sender": "sender",
    "Recipient": "recipient",
    "Message": "text",
    "SmsId": "id",
    "Status": "status",
}
WORDS = {"Delivered": DELIVERED, "Failed": FAILED, "Sent": SENT}


class Adapter(HttpProvider):
    name = "Ozeki"
    alphanumeric_sender = True
    setup = """1. Install an SMS modem or an SMPP connection under Connections, Outside lines; \
lead messages to it by a rule under Connections, Dial plan.
2. Create an API extension. Enter its number here, and as the API address the address of the HTTP \
API, for example:
http://192.0.2.10:7780
3. In the settings of the HTTP API, allow this server's IP address. If office user authentication \
is on, enter a user's name and password here.
4. As the target of the API extension's notifications (IncomingSMS), enter:
{webhook_url}
5. Reports need no set-up: each message names the address they go to."""

    class Credentials(forms.Form):
        product = forms.ChoiceField(
            choices=[
                ("phone", "Phone System (SendSms)"),
                ("gateway", "SMS Gateway, NG or 10 (sendmessage)"),
            ],
            required=False,
            initial="phone",
        )
        api_extension = forms.CharField(
            label="API extension",
            required=False,
            help_text="Its number, like 9994. Needed for the Phone System.",
        )
        username = forms.CharField(
            label="User name",
            required=False,
            help_text="Needed for the SMS Gateway; for the Phone System only with office user "
            "authentication.",
        )
        password = Secret(label="Password", required=False)
        method = forms.ChoiceField(
            choices=[("POST", "POST"), ("GET", "GET")],
            required=False,
            initial="POST",
            help_text="GET writes the password into the address. The SMS Gateway is always asked "
            "by GET, the only way its maker documents.",
        )
        own_number = forms.CharField(
            label="Number for received messages",
            required=False,
            help_text="Used if a notification names no recipient of its own.",
        )
        notification_fields = forms.CharField(
            label="Names of the notification's fields",
            required=False,
            help_text="Ozeki does not publish them. Write others as theirs=ours, like From=sender. "
            f"Default: {', '.join(map('='.join, FIELDS.items()))}",
        )
        status_words = forms.CharField(
            label="Words of delivery reports",
            required=False,
            help_text="Ozeki does not publish them. Write others as theirs=ours, where ours is "
            f"delivered, failed or sent. Default: {', '.join(map('='.join, WORDS.items()))}",
        )

    @property
    def is_gateway(self) -> bool:
        return self.credentials.get("product") == "gateway"

    def send(self, message: Outbound) -> Talk[str]:
        if self.is_gateway:
            fields = {"recipient": message.recipient, "messagetype": "SMS:TEXT"}
            answer = yield self.ask("sendmessage", fields | {"messagedata": message.text})
            return leaves(answer.body).get("messageid", "")
        if not self.credentials.get("api_extension"):
            raise BadCredentials("Ozeki: the channel lacks the number of the API extension.")
        fields = {"ApiExtension": self.credentials["api_extension"]}
        if message.sender:
            fields["Sender"] = message.sender
        fields |= {"Recipient": message.recipient, "Message": message.text}
        if message.webhook_url:
            fields["DeliveryReportURL"] = f"{message.webhook_url}/report/{message.reference}"
        answer = yield self.ask("SendSms", fields)
        return leaves(answer.body).get("smsid", "")

    def check_credentials(self) -> Talk[None]:
        if self.is_gateway:
            raise Unavailable("Ozeki's SMS Gateway has no call that only checks the password.")
        yield self.ask("ListExtensions", {}, sends=False)

    def ask(self, command: str, fields: Mapping[str, str], *, sends: bool = True) -> Call:
        first, path = ("action", "/api") if self.is_gateway else ("command", "/")
        names = ("username", "password") if self.is_gateway else ("Username", "Password")
        who = {name: self.credentials.get(name.lower()) or "" for name in names}
        who = {name: value for name, value in who.items() if value}
        told = {first: command, **who, **fields}
        if self.is_gateway or self.credentials.get("method") == "GET":
            return self.call("GET", path, params=told, sends=sends)
        return self.call("POST", path, form=told, sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        found = leaves(answer.body)
        code = found.get("statuscode" if self.is_gateway else "code")
        if not code:
            raise ValueError("no code")
        if code == ("0" if self.is_gateway else "200"):
            return None
        said = found.get("statusmessage") or found.get("message") or "no"
        if self.is_gateway:  # its codes are not published
            return Rejected(f"Ozeki: {said} (code {code}).")
        if code in OURS:
            return BadCredentials(f"Ozeki: {OURS[code]} (code {code}).")
        word, meaning = THIS.get(code, ("", ""))
        return Rejected(f"Ozeki: {meaning or said} (code {code}).", code=word)

    # webhooks

    def told(self, request: WebhookRequest, name: str) -> dict[str, str]:
        """What a notification of this name says, by our names; empty if it has another."""
        found = request.query if request.method == "GET" else request.fields
        folded = {key.lower(): value for key, value in found.items()}
        if field_of(folded, "notificationname").lower() != name:
            return {}
        named = ((ours, theirs) for theirs, ours in self.table("notification_fields", FIELDS))
        return {ours: field_of(folded, theirs).strip() for ours, theirs in named}

    def table(self, field: str, default: Mapping[str, str]) -> list[tuple[str, str]]:
        """Their words in lower case, each with ours: the defaults, then the channel's own."""
        pairs = (each.split("=") for each in (self.credentials.get(field) or "").split(","))
        own = [(pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2]
        return [(theirs.lower(), ours) for theirs, ours in (*default.items(), *own)]

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        if found := self.told(request, "incomingsms"):
            recipient = e164(found["recipient"] or self.credentials.get("own_number") or "")
            sender = e164(found["sender"])
            if not (sender and recipient):
                said = "check the names of the fields and the number for received messages"
                raise WebhookError(f"The message names no sender or no recipient; {said}.")
            yield Inbound(sender, recipient, found["text"], provider_id=found["id"])

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        if found := self.told(request, "smsdeliveryreport"):
            kind, _, reference = request.tail.partition("/")
            reference = reference if kind == "report" and reference.isalnum() else ""
            word = found["status"]
            status = dict(self.table("status_words", WORDS)).get(word.lower())
            if status is None or status not in WORDS.values() or not (reference or found["id"]):
                said = "compare the channel's words of delivery reports and names of fields"
                raise WebhookError(
                    f"A report without a message or a known word ({word!r}); {said}."
                )
            reason = f"Ozeki: not delivered ({word})." if status == FAILED else ""
            yield Report(status, found["id"], reference=reference, reason=reason)

    def answer(self, request: WebhookRequest) -> Reply:
        return Reply("<response></response>", "application/xml")  # no OzML commands
