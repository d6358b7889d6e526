"""ASPSMS (Switzerland): text messages by its JSON API.

Odd in three ways: the verdict is a StatusCode inside HTTP 200; a sent message gets no id, so our
reference goes along as its tracking number and comes back with the reports; and an inbound text
comes as hexadecimal bytes whose alphabet no document names (see ``_hex.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

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
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import BadCredentials, ProviderError, Rejected, Unavailable, WebhookError
from ..reading import e164, field_of, moment
from ._hex import ALPHABETS, read_hex

# StatusCodes. Those of the second group meet every message: the channel's fault, the message's not.
LATER = ("2", "6", "7", "24")  # no connection, time-out, transmission error, unavailable
OURS = {
    **dict.fromkeys(("3", "8", "9"), "wrong User Key or Password"),
    "5": "not enough credits in the account",
    **dict.fromkeys(("17", "18", "19"), "it refuses the address for reports; check PUBLIC_URL"),
    "25": "access denied; look for an IP restriction of the User Key",
}
THIS = {
    "10": ("invalid_did_number", "the sender is not valid; a name has at most 11 characters"),
    "20": ("invalid_phone_number", "the recipient's number is missing or not valid"),
    "29": ("invalid_did_number", "the sender still waits for its authorisation"),
    "30": ("invalid_did_number", "the sender is not authorised; unlock it in the portal"),
}

OUTCOMES = {"delivered": DELIVERED, "failed": FAILED, "buffered": SENT}
STATUSES = {"0": DELIVERED, "1": SENT, "2": FAILED}  # "-1": not yet submitted, so no news
REASONS = {
    **dict.fromkeys(("000", "101", "115"), "the number is not in use"),
    "030": "the sender is not authorised",
    **dict.fromkeys(("103", "104"), "the recipient may not receive this"),
    "107": "the phone is switched off or out of reach",
    "108": "the time for delivery ran out",
    "202": "the message is too long",
    "206": "the number is not valid",
}
DATES = ("%d%m%Y%H%M%S", "%d.%m.%Y %H:%M:%S")
REPORT_AT = "{url}/dlr/{outcome}?ref={ref}&trn=<TRN>&rsn=<RSN>&dst=<DST>&at=<DSCTSUTC>"
AT_ONCE = 100  # references in one question about deliveries


class Adapter(HttpProvider):
    name = "ASPSMS"
    default_api_address = "https://json.aspsms.com"
    alphanumeric_sender = True
    polls = True
    default_rate = 5.0
    setup = """1. Log in at aspsms.com and click Edit beside your two-way number.
2. Under "Forward SMS as HTTP raw data", in protocol://HOST, enter:
https://{webhook_host}
3. In HEADER enter:
POST {webhook_path} HTTP/1.1
Host: {webhook_host}
Connection: keep-alive
Content-Type: application/json
Accept: application/json
Content-Length: <ContentLength>
4. In BODY enter the following, then click Save:
{"MessageDataHex":"<MessageDataHex>","Recipient":"<Recipient>",\
"Originator":"<Originator>","DateReceived":"<DateReceived>"}
5. Copy the Userkey and the API Password (not the log-in password) into the fields here.
6. Unlock each number that is to send, under Originators in the portal.
7. This desk's address needs a valid certificate, and no underscore in its name."""

    class Credentials(forms.Form):
        user_key = forms.CharField(label="User Key", help_text="The Userkey of the portal.")
        password = Secret(label="Password", help_text="The API password, not the log-in password.")
        alphabet = forms.ChoiceField(
            label="Alphabet of received texts",
            choices=ALPHABETS,
            required=False,
            help_text="Choose another one only if received texts show wrong letters.",
        )
        time_zone = forms.ChoiceField(
            label="Time zone of received texts",
            choices=[("Europe/Zurich", "Switzerland"), ("UTC", "UTC")],
            required=False,
            help_text="For dates that come without a time zone.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {
            "Originator": message.sender,
            "Recipients": [f"{message.recipient}:{message.reference}"],
            "MessageText": message.text,
        }
        if url := message.webhook_url:
            # Nobody has confirmed how the tag is spelt, so the reference also stands there itself.
            say = {o: REPORT_AT.format(url=url, outcome=o, ref=message.reference) for o in OUTCOMES}
            fields["URLDeliveryNotification"] = say["delivered"]
            fields["URLNonDeliveryNotification"] = say["failed"]
            fields["URLBufferedMessageNotification"] = say["buffered"]
        yield self.ask("/SendTextSMS", fields)
        return ""

    def check_credentials(self) -> Talk[None]:
        yield self.ask("/CheckCredits", {}, sends=False)

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        found: list[Report] = []
        for start in range(0, len(waiting), AT_ONCE):
            names = {"TransactionReferenceNumbers": ";".join(waiting[start : start + AT_ONCE])}
            answer = yield self.ask("/InquireDeliveryNotifications", names, sends=False)
            for note in answer.json().get("DeliveryNotifications") or ():
                status = STATUSES.get(field_of(note, "DeliveryStatus"))
                if status and (reference := field_of(note, "TransactionReferenceNumber")):
                    said = field_of(note, "ReasoncodeDescription", "DeliveryStatusDescription")
                    reason = REASONS.get(field_of(note, "Reasoncode"), said)
                    when = field_of(note, "NotificationDate")
                    found.append(self.report(status, reference, reason, when))
        return found

    def ask(self, path: str, fields: dict[str, Any], *, sends: bool = True) -> Call:
        who = {"UserName": self.credentials["user_key"], "Password": self.credentials["password"]}
        return self.call("POST", path, json=who | fields, sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        found = answer.json()
        code = field_of(found, "StatusCode")
        if code in ("0", "1"):
            return None
        if not code:
            raise ValueError("no StatusCode")
        said = f"ASPSMS: {field_of(found, 'StatusInfo') or 'no'} (code {code})."
        if code in LATER:
            return Unavailable(said)
        if code in OURS:
            return BadCredentials(f"ASPSMS: {OURS[code]} (code {code}).")
        word, meaning = THIS.get(code, ("", ""))
        return Rejected(f"ASPSMS: {meaning} (code {code})." if meaning else said, code=word)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        if request.method == "GET" or request.tail:
            return
        fields, names = request.fields, ("Originator", "Recipient")
        sender, recipient = (e164(field_of(fields, name)) for name in names)
        if not (sender and recipient and {"MessageDataHex", "MessageData"} & fields.keys()):
            raise WebhookError("Originator, Recipient or the text is missing; check BODY.")
        text, raw = field_of(fields, "MessageData"), ""
        if given := field_of(fields, "MessageDataHex"):
            text, raw = read_hex(given, self.credentials.get("alphabet") or "auto")
        zone = ZoneInfo(self.credentials.get("time_zone") or "Europe/Zurich")
        when = moment(field_of(fields, "DateReceived"), zone=zone, forms=DATES)
        yield Inbound(sender, recipient, text, sent_at=when, raw=raw)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        kind, _, outcome = request.tail.partition("/")
        if kind != "dlr":
            return
        # A tag that ASPSMS does not know comes back as it is.
        told = {name: value for name, value in request.query.items() if value[:1] != "<"}
        reference = field_of(told, "ref", "trn")
        if outcome not in OUTCOMES or not reference:
            raise WebhookError("A delivery report without an outcome or a tracking number.")
        reason = REASONS.get(told.get("rsn", ""), "")
        yield self.report(OUTCOMES[outcome], reference, reason, told.get("at", ""))

    def report(self, status: str, reference: str, reason: str, when: str) -> Report:
        reason = f"ASPSMS: {reason or 'not delivered'}." if status == FAILED else ""
        return Report(status, reference=reference, reason=reason, at=moment(when))
