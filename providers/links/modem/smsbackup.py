"""The files in which gammu's daemon keeps what it received: one message, part by part."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from ...messages import DELIVERED, FAILED, SENT, Event, Inbound
from ...reading import clean, moment
from .pdu import Receipt
from .receipts import Ledger

# gammu's words for a status report, as its texts begin, and octets of GSM 03.40 that say the same.
OUTCOMES = {"delivered": 0x00, "pending": 0x30, "failed": 0x5F, "unknown": 0x30}
STATUSES = {0x00: DELIVERED, 0x30: SENT, 0x5F: FAILED}


def sections(written: str) -> list[dict[str, str]]:
    """The parts in a file, each with its fields; comments are left out."""
    found: list[dict[str, str]] = []
    for line in written.splitlines():
        if line.startswith("[SMSBackup"):
            found.append({})
        elif found and "=" in line and not line.startswith(";"):
            name, _, value = line.partition("=")
            found[-1][name.strip()] = value.strip().strip('"')
    return found


def events_of(written: str, number: str, ledger: Ledger) -> list[Event]:
    """What a file says: a message to this number, or a report; of another report nothing.

    What cannot be read becomes a message without text, kept for the administrator.
    """
    parts = sections(written) or [{"Coding": "8bit"}]
    first = parts[0]
    sender = _text(first.get("NumberUnicode", "")) or first.get("Number", "")
    when = moment(first.get("DateTime", ""), forms=("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S"))
    text = "".join(_text(each[name]) for each in parts for name in sorted(each) if _holds(name))
    if first.get("PDU") == "Status_Report":
        octet = OUTCOMES.get(text.split(" ")[0].lower())
        reference = first.get("MessageReference", "")
        if octet is None or not reference.isdigit():
            return []
        receipt = Receipt(int(reference), sender, when, when, octet)
        return list(ledger.reports(receipt, datetime.now(UTC)))
    binary = any(each.get("Coding") == "8bit" for each in parts)
    name = hashlib.sha256(repr(parts if len(parts[0]) > 1 else written).encode()).hexdigest()[:40]
    return [
        Inbound(
            clean(sender) or "unknown",
            number,
            "" if binary else clean(text),
            provider_id=name,
            sent_at=when,
            raw=clean(written)[:4_000] if binary else "",
        )
    ]


def _holds(name: str) -> bool:
    return name.startswith("Text") and name[4:].isdigit()


def _text(digits: str) -> str:
    """Hexadecimal UTF-16; what is none of it is left out."""
    try:
        return bytes.fromhex(digits).decode("utf-16-be", "surrogatepass")
    except ValueError:
        return ""
