"""JustSend.pl (Digital Virgo): text messages by both generations of its API.

Odd in four ways: the generations share nothing but the key's header; the older puts its verdict
into HTTP 200; it tells what became of a message by counters, one message a question; and answers
of customers must be asked for, by the keyword they begin with. The newer publishes no balance, no
reports and no push format, so these are settings (see ``_named.py``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Batch,
    Call,
    Inbound,
    Outbound,
    Report,
    Secret,
    Talk,
)
from ..errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable
from ..reading import field_of, moment, unix, worded
from . import _named
from ._cursor import batch, place_of
from ._params import own_number
from ._polish import WARSAW, polish
from ._proof import probe

OLD = "https://justsend.pl/api/rest"
# The words of the older API, and its numbers where an answer has no word. The words win.
NUMBERS = {
    "100": "INTERNAL_ERROR",
    "101": "NO_AUTHENTICATION",
    "102": "NO_AUTHORIZATION",
    "103": "NOT_FOUND",
    "104": "INVALID_USER_STATUS",
    "105": "WRONG_CREDENTIALS",
    "106": "NO_SUFFICIENT_POINTS",
    "107": "INVALID_BULK_STATE",
    "108": "NO_REPLIES",
    "109": "ILLEGAL_CREATE_PREFIX",
    "301": "NOT_FUNDS",
    "311": "SENDER_IS_NUMBER",
    "312": "SENDER_LENGTH",
}
OURS = {
    "NO_AUTHENTICATION": "wrong API key",
    **dict.fromkeys(("NO_AUTHORIZATION", "NO_ACCESS"), "the key may not do this"),
    "INVALID_USER_STATUS": "the account is not active",
    **dict.fromkeys(("NO_SUBUSER_FOUND", "WRONG_CREDENTIALS", "NO_USER_FOUND"), "wrong API key"),
    **dict.fromkeys(("NO_SUFFICIENT_POINTS", "NOT_FUNDS"), "not enough points in the account"),
    "NO_AUTHORIZATION_BULK": "the account may not send this kind of SMS; choose another",
    **dict.fromkeys(
        ("INVALID_BULK_STATE", "NO_REPLIES"),
        "the account may not send now, or has no right to collect answers",
    ),
    "ILLEGAL_CREATE_PREFIX": "the account may not reserve this keyword",
}
THIS = {
    "NUMBER_ON_BLACK_LIST": ("invalid_phone_number", "the number is on a blacklist"),
    "NOT_FOUND": ("", "it does not know what was asked for"),
    "SENDER_IS_NUMBER": ("invalid_did_number", "the sender's name holds a phone number"),
    "SENDER_LENGTH": ("invalid_did_number", "the sender's name may have 11 characters at most"),
    "INVALID_VALUE": ("invalid_param", "a value is not valid"),
    "INVALID_FORMAT": ("invalid_param", "the number or the text has a wrong form"),
    "INVALID_LENGTH": ("invalid_param", "the text or the name is too long"),
    "FORBIDDEN_VALUE": ("invalid_param", "it does not allow this text or name"),
    "DISALLOWED_CHARACTERS": ("invalid_param", "the text has characters that it does not allow"),
}
RECEIVED = {
    "sender": "msisdn",
    "recipient": "to",
    "text": "message",
    "id": "id",
    "time": "createDate",
}
REPORTED = {"id": "messageId | id", "status": "status"}
WORDS = {
    "DELIVERED": "delivered",
    "NOT_DELIVERED": "failed",
    "NOT_SENT": "failed",
    "NOT_CONFIRMED": "nothing",
}
KINDS = [
    ("ECO", "ECO, from any number"),
    ("FULL", "FULL, from a shared name"),
    ("PRO", "PRO, from a name of your own"),
    ("ECO_RESP", "ECO_RESP, answers are collected"),
    ("PRO_RESP", "PRO_RESP, answers are collected"),
]
BARE = re.compile(r"[0-9A-Za-z_-]{0,100}")
AT_ONCE = 50  # questions about deliveries in one round


class Adapter(_named.NamedWebhooks):
    name = "JustSend"
    default_api_address = "https://justsend.io/api"
    alphanumeric_sender = True
    polls = True
    collects_every = 60
    default_rate = 5.0
    zone = WARSAW
    received, reported, report_words = RECEIVED, REPORTED, WORDS
    setup = """1. In the JustSend panel, copy the API key into the field here.
2. Choose the generation of your account: accounts made at justsend.io have the new one. If in \
doubt, ask JustSend.
3. To receive answers (older generation only), reserve a keyword, enter it below, and choose a \
kind of SMS whose answers are collected. Parley then asks for them every minute.
4. JustSend publishes nothing about calls to us. If it offers you one, give it this address:
{webhook_url}"""

    class Credentials(forms.Form):
        api_key = Secret(label="API key")
        generation = forms.ChoiceField(
            label="Generation",
            choices=[("io", "New: justsend.io"), ("v2", "Older: justsend.pl, API 2")],
            required=False,
        )
        variant = forms.ChoiceField(
            label="Kind of SMS",
            choices=KINDS,
            required=False,
            help_text="The name of the sender counts for FULL and PRO. A name that changes from "
            "message to message needs the dynamic SMS service.",
        )
        keyword = forms.CharField(
            label="Keyword of answers",
            required=False,
            help_text="Older generation: the reserved prefix. Empty: Parley asks for no answers.",
        )
        own_number = own_number()
        verify_path = forms.CharField(
            label="Path for checking the key",
            required=False,
            help_text="New generation: an address that only reads, from its Swagger page, like "
            "/some/path. Empty: only a test message shows whether the key works.",
        )
        received = _named.received(RECEIVED)
        reported = _named.reported(REPORTED)
        report_words = _named.report_words(WORDS)

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        self.is_old = credentials.get("generation") == "v2"
        super().__init__(credentials, api_address or (OLD if self.is_old else ""))

    def send(self, message: Outbound) -> Talk[str]:
        kind = self.credentials.get("variant") or "ECO"
        number, sender = message.recipient.removeprefix("+"), message.sender.removeprefix("+")
        if self.is_old:
            fields: dict[str, Any] = {"to": number, "message": message.text, "doubleEncode": True}
            fields |= {"bulkVariant": kind} | ({} if kind == "ECO" else {"from": sender})
            answer = yield self.ask("POST", "/v2/message/send", json=fields)
            found = answer.json()
            if found["responseCode"] != "OK":
                raise ValueError("neither yes nor no")
            return field_of(found, "data")
        fields = {"msisdn": number, "bulkVariant": kind, "content": message.text}
        fields |= {} if kind == "ECO" else {"sender": sender}
        answer = yield self.ask("POST", "/sender/singlemessage/send", json=fields)
        return id_of(answer)

    def check_credentials(self) -> Talk[None]:
        path = self.credentials.get("verify_path") or ""
        if self.is_old:
            answer = yield self.ask("GET", "/v2/payment/points", sends=False)
            if "data" not in answer.json():
                raise ValueError("no points")
        elif path:
            yield probe(self, path, self.key)
        else:
            said = "publishes no way to check the key without sending; send a test message"
            raise Unavailable(f"JustSend {said}.")

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        found = []
        ids = [each for each in waiting if each.isdecimal()] if self.is_old else []
        for own_id in ids[:AT_ONCE]:
            try:
                answer = yield self.ask("GET", f"/v2/report/message/{own_id}", sends=False)
            except Rejected:
                continue  # it does not know this one
            found += counted(own_id, payload(answer))
        return found

    def collect(self, cursor: str) -> Talk[Batch]:
        keyword = self.credentials.get("keyword") or ""
        if not (self.is_old and keyword):
            return Batch()
        today = datetime.now(WARSAW).date()
        since = place_of(cursor) or f"{today:%Y-%m-%d}"
        until = today + timedelta(days=1)  # whether the last day counts is not known
        path = f"/v2/report/response/messages/{quote(keyword, safe='')}/{since}/{until:%Y-%m-%d}"
        answer = yield self.ask("GET", path, sends=False)
        listed = payload(answer)
        if not isinstance(listed, list):
            raise ValueError("no list of answers")
        own = self.credentials.get("own_number") or ""
        if listed and not own:
            raise BadCredentials("JustSend does not tell the recipient; enter the Own number.")
        events = [answered(each, own) for each in listed if field_of(each, "msisdn")]
        return batch(cursor, f"{today - timedelta(days=1):%Y-%m-%d}", events)

    def ask(self, method: str, path: str, *, json: Any = None, sends: bool = True) -> Call:
        return self.call(method, path, json=json, headers=self.key, sends=sends)

    @property
    def key(self) -> Mapping[str, str]:
        return {"App-Key": self.credentials["api_key"]}

    def error(self, answer: Answer) -> ProviderError | None:
        found = answer.fields
        code, number = field_of(found, "responseCode"), field_of(found, "errorId")
        word = code if code and code != "OK" else NUMBERS.get(number, number)
        if not self.is_old or word in ("", "0"):
            return super().error(answer)
        own = " ".join(filter(None, (number, code, field_of(found, "message"))))
        if word in OURS:
            kind = "no_credits" if OURS[word].startswith("not enough") else ""
            return BadCredentials(f"JustSend: {OURS[word]} ({own}).", code=kind)
        if word == "INTERNAL_ERROR":
            return Unavailable(f"JustSend: an error inside JustSend ({own}).")
        if word == "LIMIT_EXCEEDED":
            return Throttled(f"JustSend: too many messages ({own}).")
        kind, meaning = THIS.get(word, ("", "it refuses this message"))
        return Rejected(f"JustSend: {meaning} ({own}).", code=kind)

    def reason(self, answer: Answer) -> str:
        found = answer.fields
        said = field_of(found, "message", "error", "detail")
        code = field_of(found, "code")
        return worded(said, code) or super().reason(answer)

    def number(self, text: str) -> str:
        return polish(text)


def payload(answer: Answer) -> Any:
    """What the answer is about, in its envelope or without one."""
    found = answer.json()
    return found["data"] if isinstance(found, dict) and "data" in found else found


def id_of(answer: Answer) -> str:
    """The id in an answer that may be empty, a bare id, or an object. ValueError if it is else."""
    text = answer.text.strip().strip('"')
    return text if BARE.fullmatch(text) else field_of(answer.json(), "id", "messageId", "uuid")


def counted(own_id: str, found: Any) -> list[Report]:
    """What the counters of a message with one recipient say."""
    if any(field_of(found, name) not in ("", "0") for name in ("notDelivered", "notSent")):
        return [Report(FAILED, own_id, reason="JustSend: not delivered.")]
    if field_of(found, "delivered") not in ("", "0"):
        return [Report(DELIVERED, own_id)]
    return [Report(SENT, own_id)] if field_of(found, "sent") not in ("", "0") else []


def answered(found: Mapping[str, Any], own: str) -> Inbound:
    """A customer's answer. It has no id, so what makes it unlike others stands for one."""
    sender, when, text = (field_of(found, name) for name in ("msisdn", "createDate", "message"))
    digest = hashlib.sha256("\0".join((sender, when, text)).encode()).hexdigest()[:40]
    return Inbound(
        polish(sender), own, text, digest, sent_at=moment(when, zone=WARSAW) or unix(when)
    )
