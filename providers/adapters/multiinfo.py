"""Plus MultiInfo (Polkomtel): text messages over a line-based API behind a client certificate.

Odd in four ways, hence longer: answers are lines of text, with HTTP 200 whatever happened; a long
message has an id for each part; nobody calls us, so messages are waited for and then confirmed, and
reports asked for one by one; and two generations of the API write their dates differently.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Batch,
    Call,
    HttpProvider,
    Inbound,
    Outbound,
    Report,
    Secret,
    Talk,
)
from ..errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable
from ..reading import clean, e164, moment
from ..segments import count
from ._certificate import certificate_field

LATER = ("-10", "-15", "-71")
NO_SUCH_MESSAGE = "-31"
# The full list is in the customers' papers only; the words of line 2 tell the rest.
WORDS = (
    (re.compile(r"limit", re.I), Throttled),
    (re.compile(r"\blogin|\bhas[lł]|uprawnie", re.I), BadCredentials),
)
REASONS = {
    "11": "it could not be delivered",
    "12": "the time for delivery ran out",
    "13": "it was cancelled",
    "14": "the sender is blocked",
    "20": "the recipient is blocked",
    "22": "the number is blocked",
}
WAITED = 25  # seconds that a question for new messages may wait for one
ASKED_AT_ONCE = 100  # messages whose reports are asked for in one go
POLAND = ZoneInfo("Europe/Warsaw")


class Adapter(HttpProvider):
    name = "Plus MultiInfo"
    default_api_address = "https://api1.multiinfo.plus.pl"
    max_text = 1377
    alphanumeric_sender = True
    polls = True
    collects_every = 0.0  # the question itself waits
    default_in_flight = 4
    setup = """1. Ask your contact at Plus for a MultiInfo account with API access: login, \
password, Service ID and the host's name.
2. Create a certificate whose name (CN) is the login, have it signed as the papers say, and \
register its subject, issuer and SHA-1 in the MultiInfo panel.
3. Paste the certificate and its private key, both as PEM, into the field here.
4. Ask Plus to route received messages to the API. Parley fetches them; nothing has to be entered \
there, but the links process must run.
5. To send under a name, have Plus activate it and assign it to the API user."""

    class Credentials(forms.Form):
        login = forms.CharField(label="Login")
        password = Secret(label="Password")
        service_id = forms.RegexField(
            regex=r"\A[0-9]+\Z",
            label="Service ID",
            error_messages={"invalid": "The Service ID is a number; Plus tells it."},
        )
        host = forms.CharField(
            label="Gateway host",
            required=False,
            help_text="Only the name, like api2.multiinfo.plus.pl. Empty: the API address.",
        )
        certificate = certificate_field(
            label="SSL certificate",
            help_text="The certificate and its private key, both as PEM, one below the other.",
        )
        base_path = forms.ChoiceField(
            label="Version of the API",
            required=False,
            choices=[("/Api61/", "6.1"), ("/", "old")],
        )

        def clean_host(self) -> str:
            host: str = self.cleaned_data["host"].removeprefix("https://").strip("/ ")
            if host and not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?", host):
                raise forms.ValidationError("Enter the host's name only, without https://.")
            return host

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        fields = {
            "dest": message.recipient.removeprefix("+"),
            "text": message.text,
            "delivNotifRequest": "true",
            "advancedEncoding": "false" if count(message.text).encoding == "GSM-7" else "true",
        }
        if not message.sender.startswith("+"):
            fields["orig"] = message.sender
        answer = yield self.ask("sendsmslong", self.service | fields)
        ids = [line.strip() for line in lines(answer)[1:] if line.strip()]
        if not ids:
            raise ValueError("no id")
        return ids if len(ids) > 1 else ids[0]

    def check_credentials(self) -> Talk[None]:
        yield self.ask("infosms", {"smsId": "0"}, sends=False)  # "no such message" proves the login

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        found = []
        for name in waiting[:ASKED_AT_ONCE]:
            told = lines((yield self.ask("infosms", {"smsId": name}, sends=False)))
            if told[0] == "0" and (report := report_of(name, told)):
                found.append(report)
        return found

    def collect(self, cursor: str) -> Talk[Batch]:
        wait = {"timeout": str(WAITED * 1000), "manualconfirm": "true"}
        told = lines((yield self.ask("getsms", self.service | wait, sends=False)))
        if told[1] == "-1":
            return Batch(cursor=cursor)
        name, sender, recipient, kind, content = told[1:6]
        text, raw = (unquote_plus(content), "") if kind == "1" else ("", content)
        event = Inbound(
            e164(sender),
            e164(recipient),
            clean(text),
            provider_id=name,
            sent_at=date(told[10]),
            raw=clean(raw),
        )
        return Batch((event,), cursor, confirm=(name,), more=True)

    def confirm(self, names: tuple[str, ...]) -> Talk[None]:
        for name in names:
            yield self.ask("confirmsms", {"smsId": name}, sends=False)

    @property
    def service(self) -> dict[str, str]:
        return {"serviceId": self.credentials["service_id"]}

    def ask(self, page: str, fields: dict[str, str], **kwargs: Any) -> Call:
        host, base = self.credentials.get("host"), self.credentials.get("base_path") or "/Api61/"
        start = f"https://{host}" if host else self.api_address
        who = {"login": self.credentials["login"], "password": self.credentials["password"]}
        return self.call(
            "POST",
            f"{start}{base}{page}.aspx",
            form=who | fields,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            certificate=self.credentials["certificate"],
            timeout=WAITED + 15.0,
            **kwargs,
        )

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        code, *rest = lines(answer)
        if int(code) >= 0 or code == NO_SUCH_MESSAGE:  # only asked about messages, never in sending
            return None
        words = rest[0].strip() if rest else ""
        said = f"Plus MultiInfo: {words or 'no'} (code {code})."
        if code in LATER:
            return Unavailable(said)
        if -86 <= int(code) <= -80:
            return BadCredentials(
                f"Plus MultiInfo does not take the certificate: {words} ({code})."
            )
        if code == "-24":
            return BadCredentials(f"Plus MultiInfo does not know the Service ID ({code}).")
        for pattern, kind in WORDS:
            if pattern.search(words):
                return kind(said)
        return Rejected(said)


def lines(answer: Answer) -> list[str]:
    """The answer's lines, the first one stripped. Raises ValueError unless that is a number."""
    found = answer.text.replace("\r\n", "\n").split("\n")
    found[0] = str(int(found[0].strip().lstrip("\ufeff")))
    return found


def report_of(name: str, told: list[str]) -> Report | None:
    """What the lines about a message say; None if there is no news."""
    status, after = told[15].strip(), [line.strip() for line in told[16:] if line.strip()]
    part = after.pop(0) if after and after[0].isdigit() else None  # only the newer API has it
    at = moment(after[0], zone=POLAND) if after else None
    if status in REASONS:
        return Report(FAILED, name, reason=f"Plus MultiInfo: {REASONS[status]}.", at=at)
    if status == "21":
        return Report(DELIVERED if part in (None, "1", "2", "3") else SENT, name, at=at)
    return Report(SENT, name, at=at) if status == "3" else None


def date(text: str) -> datetime | None:
    text = text.strip()
    form = "%Y%m%d%H%M%S" if len(text) == 14 else "%d%m%y%H%M%S"
    return moment(text, zone=POLAND, forms=(form,))
