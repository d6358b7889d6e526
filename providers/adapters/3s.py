"""3S (platformy2.3s.pl, the Adescom platform): text messages by SOAP with a session.

Odd in four ways, hence longer: names and types stand in the WSDL only, which is read at run time;
a log-in comes first and its session is a cookie; every error is a fault with a text and no list of
texts exists; and for what it calls us with nothing is public (see ``_named.py``).
"""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from ..base import Answer, Call, Outbound, Secret, Talk, Wait
from ..errors import (
    BadCredentials,
    ProviderError,
    Rejected,
    Unavailable,
    Uncertain,
)
from ..segments import count
from . import _named
from ._letters import plain, switch
from ._params import own_number
from ._polish import WARSAW, polish
from ._soap import Missing, Refusal, Service, service

PATH = "/userpanel_webservices.php/mvnoservices"
SESSION_OVER = "Authorization required!"
WSDL_SECONDS = 3600.0
RECEIVED = {"sender": "sender | from", "recipient": "recipient | to", "text": "text | message"}
REPORTED = {"id": "sms_id | id", "status": "status"}
WORDS = {"delivered": "delivered", "failed": "failed"}


class SessionOver(BadCredentials):
    """The session is unknown or has expired."""


def _path(label: str, default: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        validators=[RegexValidator("^/", "Enter a path that begins with a slash.")],
        help_text=f"Empty: {default}. Others run it elsewhere.",
    )


def _list(label: str, said: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, help_text=f"Parts of fault texts, with commas between: {said}"
    )


class Adapter(_named.NamedWebhooks):
    name = "3S"
    default_api_address = "https://platformy2.3s.pl"
    alphanumeric_sender = True
    has_reports = False  # nothing is known of them
    default_rate, default_in_flight = 2.0, 4
    zone = WARSAW
    received, reported, report_words = RECEIVED, REPORTED, WORDS
    setup = """1. Ask 3S for a login and a password for its web services, and for a number that \
may send texts.
2. If 3S forwards received messages by HTTP, give it this address, and ask for its fields' names:
{webhook_url}
3. If the names differ from those shown beside the fields above, enter them there."""

    class Credentials(forms.Form):
        login = forms.CharField(label="Login")
        password = Secret(label="Password")
        own_number = own_number()
        wsdl_path = _path("Path of the WSDL", f"{PATH}/wsdl")
        handler_path = _path("Path of the service", f"{PATH}/handler")
        duration = forms.IntegerField(
            label="Length of a session (seconds)",
            required=False,
            min_value=60,
            help_text="Empty: 3600.",
        )
        plain_letters = switch()
        most_parts = forms.IntegerField(
            label="Most parts of a text", required=False, min_value=1, help_text="Empty: 6."
        )
        credit_words = _list("Faults about credit", "the channel turns red.")
        number_words = _list("Faults about the number", "this message fails.")
        later_words = _list("Faults that pass", "sent again later. Only if nothing was sent.")
        received = _named.received(RECEIVED)
        reported = _named.reported(REPORTED)
        report_words = _named.report_words(WORDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.session, self.session_until = "", 0.0
        self.logging_in = False
        self.documents: dict[str, bytes] = {}
        self.documents_until = 0.0

    def send(self, message: Outbound) -> Talk[str]:
        text = plain(message.text) if self.credentials.get("plain_letters") else message.text
        most = self.credentials.get("most_parts") or 6
        if (parts := count(text).segments) > most:
            raise Rejected(f"The text takes {parts} parts; the channel allows {most}.")
        own = self.credentials.get("own_number") or ""
        named = not message.sender.startswith("+")
        if named and not own:
            raise Rejected("3S sends a name only beside a number: enter the Own number.")
        fields: dict[str, Any] = {
            "src": (own if named else message.sender).lstrip("+"),
            **({"overwrite_src": message.sender} if named else {}),
            "dst": message.recipient.lstrip("+"),
            "max_retry_count": 1,
            "retry_interval": 60,
            "message": text,
        }
        wsdl = yield from self.wsdl()
        session = yield from self.log_in(wsdl)
        try:
            answer = yield self.ask(wsdl, "smsSend", fields, session=session)
        except SessionOver:
            self.session = ""
            session = yield from self.log_in(wsdl)
            answer = yield self.ask(wsdl, "smsSend", fields, session=session)
        found = wsdl.result("smsSend", answer)
        if not (name := found.get("sms_id") if isinstance(found, dict) else found):
            raise ValueError("no sms_id")
        return str(name)

    def check_credentials(self) -> Talk[None]:
        wsdl = yield from self.wsdl()
        session = yield from self.log_in(wsdl)
        self.session = ""
        yield self.ask(wsdl, "logout", session, session=session, sends=False)

    def wsdl(self) -> Talk[Service]:
        """What the WSDL describes, read anew every hour, with the documents that it refers to."""
        url = self.api_address + (self.credentials.get("wsdl_path") or f"{PATH}/wsdl")
        if time.monotonic() > self.documents_until:
            self.documents = {}
        for _ in range(10):
            try:
                return service(url, self.documents)
            except Missing as missing:
                answer = yield self.call("GET", missing.url, sends=False, timeout=15.0)
                self.documents = {**self.documents, missing.url: answer.body}
                self.documents_until = time.monotonic() + WSDL_SECONDS
            except ValueError as error:
                self.documents = {}
                raise Unavailable(
                    f"3S describes its service in an unknown form ({error})."
                ) from None
        raise Unavailable("3S's WSDL refers to too many other documents.")

    def log_in(self, wsdl: Service) -> Talk[str]:
        """The session's id. Of several messages that find none, one logs in and the others wait."""
        for _ in range(200):
            if self.session and time.monotonic() < self.session_until:
                return self.session
            if not self.logging_in:
                break
            yield Wait(0.1)
        duration = self.credentials.get("duration") or 3600
        who = self.credentials["login"], self.credentials["password"]
        self.logging_in = True
        try:
            answer = yield self.ask(wsdl, "login", *who, duration, sends=False)
            found = str(wsdl.result("login", answer) or "")
        finally:
            self.logging_in = False
        if not found:
            raise BadCredentials("3S opens no session; compare login and password.")
        self.session, self.session_until = found, time.monotonic() + duration * 0.9
        return found

    def ask(self, wsdl: Service, operation: str, *values: Any, **kwargs: Any) -> Call:
        session = kwargs.pop("session", "")
        body, headers = wsdl.message(operation, *values)
        if session:
            headers["Cookie"] = f"sessionID={session}"
        url = self.api_address + (self.credentials.get("handler_path") or f"{PATH}/handler")
        sends = kwargs.get("sends", True)

        def judge(answer: Answer) -> ProviderError | None:
            try:
                wsdl.result(operation, answer)
            except Refusal as refusal:
                return self.refused(operation, refusal)
            except ValueError:
                said = f"3S answers in an unknown form: {answer.text.strip()[:200]}"
                return self.error(answer) or (Uncertain(said) if sends else Unavailable(said))
            return None

        return Call("POST", url, body=body, headers=headers, judge=judge, **kwargs)

    def refused(self, operation: str, refusal: Refusal) -> ProviderError:
        said = f"3S: {refusal.said or refusal.code}"
        if SESSION_OVER in refusal.said:
            return SessionOver(said)
        if operation == "login" or self.speaks_of("credit_words", refusal):
            return BadCredentials(said)
        if self.speaks_of("later_words", refusal):
            return Unavailable(said)
        number = self.speaks_of("number_words", refusal)
        return Rejected(said, code="invalid_phone_number" if number else "")

    def speaks_of(self, field: str, refusal: Refusal) -> bool:
        words = (self.credentials.get(field) or "").lower().split(",")
        return any(word.strip() in refusal.said.lower() for word in words if word.strip())

    def number(self, text: str) -> str:
        return polish(text)
