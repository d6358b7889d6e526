"""Mobitex (SMSCenter): text messages by its form API.

Odd in three ways: the type must fit the text, or letters are lost; the verdict is a number in a
line of plain text, whose Id means nothing; and what it calls us with, if it does, is not public, so
all names are fields of the channel (see ``_named.py``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ..base import Answer, Call, Outbound, Secret, Talk
from ..errors import BadCredentials, ProviderError, Rejected, Unavailable
from ..segments import count
from . import _named
from ._letters import check_length, plain, switch
from ._params import own_number
from ._polish import WARSAW, polish

TAKEN = ("002", "003", "004", "008", "011")
LATER = {"012": "a system error", "201": "a system error of the gateway"}
OURS = {
    "001": "wrong login or password",
    "202": "the account has no funds",
    "204": "the account is inactive or blocked",
}
THIS = {
    "009": ("invalid_phone_number", "an error of the network, often by a wrong prefix"),
    "103": ("invalid_param", "the text is empty"),
    "104": ("invalid_did_number", "the sender is missing or not valid"),
    **dict.fromkeys(("105", "113", "115"), ("invalid_param", "the text is too long")),
    "106": ("invalid_phone_number", "the recipient's number is not valid"),
    "107": ("invalid_param", "it does not know the type of the message"),
    "110": ("invalid_param", "the account or the network does not take messages of this type"),
    "114": ("invalid_did_number", "the account may not use this sender"),
    "205": ("invalid_phone_number", "the recipient's network is not available, or blocked"),
    "301": ("invalid_param", "it refuses our own id"),
}
LINE = re.compile(r"Status:\s*(\d{3})\s*,\s*Id:\s*(\w*)")
# Type, and how many units fit: the first that the text fits is its own.
TYPES = {
    "GSM-7": (("sms", 160), ("concat", 459)),
    "UCS-2": (("unicode", 70), ("unicode_concat", 201)),
}
RECEIVED = {
    "sender": "number | from | sender",
    "recipient": "to | short | receiver",
    "text": "text | message",
    "id": "id | Id",
    "time": "date",
}
REPORTED = {
    "id": "Id | id | sms_id | msgid",
    "reference": "ext_id",
    "status": "Status | status",
}
WORDS = {"002": "sent", "003": "sent", "004": "delivered", "009": "failed", "012": "failed"}


class Adapter(_named.NamedWebhooks):
    name = "Mobitex"
    default_api_address = "https://api.mobitex.pl"
    alphanumeric_sender = True
    has_reports = False  # unless Mobitex sets them up for the account: then they are believed
    max_text = 459
    default_rate = 5.0
    zone = WARSAW
    received, reported, report_words = RECEIVED, REPORTED, WORDS
    setup = """1. Enter the login and the password of your SMSCenter account here.
2. Have the sender's name approved for the account, or choose below to send without one.
3. Received messages and delivery reports are set up by Mobitex for each account. Ask its support \
to call this address for them, and which names its fields have:
{webhook_url}
4. If the names differ from those shown beside the fields above, enter them there."""

    class Credentials(forms.Form):
        username = forms.CharField(label="Login")
        password = Secret(label="Password")
        password_is_md5 = forms.BooleanField(
            label="The password is given as MD5",
            required=False,
            help_text="If off, Parley makes its MD5, which is what travels.",
        )
        fixed_sender = forms.BooleanField(
            label="The account has a fixed sender",
            required=False,
            help_text="Then no sender goes along with messages.",
        )
        plain_letters = switch()
        own_number = own_number()
        received = _named.received(RECEIVED)
        reported = _named.reported(REPORTED)
        report_words = _named.report_words(WORDS)

        def clean(self) -> dict[str, Any]:
            found: dict[str, Any] = super().clean() or self.cleaned_data
            is_one = re.fullmatch(r"[0-9a-fA-F]{32}", found.get("password") or "")
            if found.get("password_is_md5") and "password" in found and not is_one:
                raise ValidationError("An MD5 has 32 digits and letters from a to f.")
            return found

    @classmethod
    def disguises(cls, credentials: Mapping[str, Any]) -> tuple[str, ...]:
        return (hashed(credentials),)

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        text = plain(message.text) if self.credentials.get("plain_letters") else message.text
        fields = {"type": type_of(text), "number": message.recipient.removeprefix("+")}
        fields |= {"text": text, "ext_id": message.reference}
        if not self.credentials.get("fixed_sender"):
            fields["from"] = message.sender.removeprefix("+")
        answer = yield self.ask("/sms.php", fields)
        ids = [own_id for _, own_id in LINE.findall(answer.text)]
        return ids if len(ids) > 1 else ids[0]

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("/balance.php", {}, sends=False)
        if not re.match(r"OK\s+-?[0-9]", answer.text.strip()):
            raise ValueError("no balance")

    def ask(self, path: str, fields: Mapping[str, str], *, sends: bool = True) -> Call:
        who = {"user": self.credentials["username"], "pass": hashed(self.credentials)}
        return self.call("POST", path, form=who | dict(fields), sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        codes = re.findall(r"Status:\s*(\d{3})", answer.text) or re.findall(
            r"^ERROR\s+(\d{3})", answer.text.strip()
        )
        refused = [code for code in codes if code not in TAKEN]
        if not refused:
            return None
        code = refused[0]
        own = f"code {code}"
        if code in LATER:
            return Unavailable(f"Mobitex: {LATER[code]} ({own}).")
        if code in OURS:
            word = "no_credits" if code == "202" else ""
            return BadCredentials(f"Mobitex: {OURS[code]} ({own}).", code=word)
        word, meaning = THIS.get(code, ("", "it refuses this message"))
        return Rejected(f"Mobitex: {meaning} ({own}).", code=word)

    def number(self, text: str) -> str:
        return polish(text)


def hashed(credentials: Mapping[str, Any]) -> str:
    """The password's MD5."""
    password = str(credentials.get("password") or "")
    if credentials.get("password_is_md5"):
        return password.lower()
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()


def type_of(text: str) -> str:
    """The type that carries the text. Raises Rejected if none does."""
    check_length("Mobitex", text, most=459, costly_most=201)
    found = count(text)
    # One client counts the ends of lines twice; too high a count only costs a longer type.
    units = found.units + (0 if found.costly else text.count("\n") + text.count("\r"))
    return next((name for name, most in TYPES[found.encoding] if units <= most), "concat")
