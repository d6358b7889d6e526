"""Status reports, and which message of ours they mean.

A modem numbers its messages from 0 to 255 and begins again, and a report names nothing but that
number, the recipient and when the message was taken. So an id is made of all three: it can be
worked out again from a report that comes after a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

from ...messages import DELIVERED, FAILED, SENT, Report
from .pdu import Receipt

SPAN = 1200  # seconds: the modem's and the network's clock may differ by half of it
MOST = 2_000  # messages remembered

# Status octets of GSM 03.40 that say more than their group does.
MEANINGS = {
    0x40: "the network could not do it",
    0x41: "the recipient's number is not compatible",
    0x42: "the recipient's side rejected it",
    0x43: "the recipient cannot be reached",
    0x44: "the service is not subscribed",
    0x45: "the recipient's network does not take it",
    0x46: "the time to deliver it is over",
    0x47: "it was deleted by its sender",
    0x48: "it was deleted by the service centre",
    0x49: "the service centre does not know it",
    0x60: "the network was congested",
    0x61: "the recipient's phone was busy",
    0x62: "the recipient's phone did not answer",
    0x63: "the service was rejected",
    0x64: "the quality of service was not to be had",
    0x65: "the recipient's phone failed",
}
FORWARDED = 0x01  # the network cannot tell whether it arrived


class Ledger:
    """Remembers what was sent, so that reports find it."""

    def __init__(self) -> None:
        self._sent: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._given: OrderedDict[str, None] = OrderedDict()

    def enter(self, recipient: str, reference: int, at: datetime) -> str:
        """The id of a message that was sent just now; never one that was given before."""
        found = name = _name(recipient, reference, int(at.timestamp()) // SPAN)
        again = 1
        while found in self._given:  # a modem that gives every message the same number
            again += 1
            found = f"{name}-{again}"
        self._given[found] = None
        self._sent[_digits(recipient), reference] = found
        for memory in (self._sent, self._given):
            while len(memory) > MOST:
                memory.popitem(last=False)
        return found

    def reports(self, receipt: Receipt, now: datetime) -> list[Report]:
        """The report, for every id that the message may have."""
        known = self._sent.get((_digits(receipt.recipient), receipt.reference))
        status = status_of(receipt.status)
        said = MEANINGS.get(receipt.status, "no reason given")
        reason = f"The network: {said} (0x{receipt.status:02X})." if status == FAILED else ""
        at = receipt.ended_at or now
        names = [known] if known else _guesses(receipt, now)
        return [Report(status, name, reason=reason, at=at) for name in names]


def status_of(octet: int) -> str:
    """What a status octet says became of the message."""
    if octet < 0x20:
        return SENT if octet == FORWARDED else DELIVERED
    return SENT if octet < 0x40 else FAILED


def _digits(number: str) -> str:
    return number.removeprefix("+")


def _name(recipient: str, reference: int, span: int) -> str:
    return f"{_digits(recipient)}-{reference}-{span}"


def _guesses(receipt: Receipt, now: datetime) -> list[str]:
    """The ids that a message of this time may have: its own span's, and the nearer one's."""
    seconds = int((receipt.sent_at or now).astimezone(UTC).timestamp())
    span, into = divmod(seconds, SPAN)
    other = span + 1 if into > SPAN / 2 else span - 1
    return [_name(receipt.recipient, receipt.reference, each) for each in (span, other)]
