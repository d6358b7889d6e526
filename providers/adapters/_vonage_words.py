"""The words of Vonage's two APIs: statuses, errors, reasons, and what each means for us."""

from __future__ import annotations

import re
from typing import Any

from ..base import DELIVERED, FAILED, READ, SENT, Answer, retry_after
from ..errors import (
    BadCredentials,
    OptedOut,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    Uncertain,
)
from ..reading import field_of

STATUSES = {
    # SMS API; "unknown" is no news
    "accepted": SENT,
    "buffered": SENT,
    "delivered": DELIVERED,
    **dict.fromkeys(("expired", "failed", "rejected"), FAILED),
    # Messages API
    "submitted": SENT,
    "read": READ,
    "undeliverable": FAILED,
}
# "status" of the SMS API's answer. 5 is an internal error, 10 too many connections.
SMS_LATER, SMS_TOO_FAST = {"5"}, {"1", "10"}
SMS_OURS = {"4": "", "14": "", "32": "", "8": "", "11": "", "9": "no_credits"}
SMS_CODES = {"7": "invalid_phone_number", "33": "invalid_phone_number", "15": "invalid_did_number"}
# The number at the end of the Messages API's error "type".
TOO_FAST, LATER = {"1000"}, {"1030", "1100", "1230", "1331"}
OURS = {"1060": "", "1070": "no_credits", "1080": "", "1370": ""}
BLACKLISTED = "1240"  # the customer opted out
CODES = {
    **dict.fromkeys(("1050", "1170", "1190"), "invalid_phone_number"),
    "1120": "invalid_did_number",
}
REASONS = {  # "err-code" of the SMS API's reports
    "1": "for an unknown reason",
    "2": "the phone is out of reach",
    "3": "the number is not in use",
    "4": "the customer barred it",
    "5": "the number moved to another network",
    "6": "the network took it for spam",
    "7": "the phone is busy",
    "8": "the network failed",
    "9": "the number is illegal, or opted out",
    "10": "the message is illegal",
    "11": "there is no route to the number",
    "12": "the number cannot be reached",
    "13": "the customer's age does not allow it",
    "14": "the carrier blocked it",
    "15": "the customer's prepaid card is empty",
    "16": "the account's quota is used up",
}


def sms_error(parts: list[Any]) -> ProviderError | None:
    """What the SMS API's answer stands for, which has a status for each part of the text.

    Raises ValueError if it has none.
    """
    said = [(field_of(part, "status"), field_of(part, "error-text")) for part in parts]
    if not said or not all(status for status, _ in said):
        raise ValueError("no status")
    bad = [(status, text) for status, text in said if status != "0"]
    if not bad:
        return None
    status, text = bad[0]
    words = f"Vonage: {text or 'refused'} (status {status})."
    if len(bad) < len(said):
        return Uncertain(f"Vonage took only some parts of the message. {words}")
    if status in SMS_TOO_FAST:
        found = re.search(r"\[ *(\d{1,7}) *\]", text)  # milliseconds
        return Throttled(words, after=int(found[1]) / 1000 if found else None)
    if status in SMS_OURS:
        return BadCredentials(words, code=SMS_OURS[status])
    if status in SMS_LATER:
        return Unavailable(words)
    return Rejected(words, code=SMS_CODES.get(status, ""))


def messages_error(answer: Answer, said: str) -> ProviderError | None:
    """What a refusal of the Messages API stands for; None if only its HTTP status tells."""
    code = number_of(answer.fields)
    if code in OURS:
        return BadCredentials(said, code=OURS[code])
    if code in TOO_FAST:
        return Throttled(said, after=retry_after(answer))
    if code in LATER:
        return Unavailable(said)
    if code == BLACKLISTED:
        return OptedOut(said)
    return Rejected(said, code=CODES[code]) if code in CODES else None


def number_of(found: Any) -> str:
    """The number at the end of an error's type, such as ...#1150."""
    return field_of(found, "type").rpartition("#")[2].rpartition("/")[2]
