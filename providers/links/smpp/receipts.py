"""Delivery receipts in all the shapes in which operators send them, and the ids they name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...messages import DELIVERED, FAILED, SENT
from . import settings as s
from .pdu import INTERMEDIATE, MESSAGE_STATE, NETWORK_ERROR, RECEIPT, RECEIPTED_ID, Short

MEMORY = 50_000  # ids that are remembered, to find out how receipts write them

# message_state, and the words of "stat:", of which some operators write more than seven letters.
STATES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD"}
STATES |= {7: "UNKNOWN", 8: "REJECTD"}
LONG_WORDS = {"DELIVERED": "DELIVRD", "UNDELIVERABLE": "UNDELIV", "ACCEPTED": "ACCEPTD"}
LONG_WORDS |= {"REJECTED": "REJECTD", "BUFFERED": "BUFFRED", "UNDELIVERED": "UNDELIV"}
STATUSES = {
    "DELIVRD": DELIVERED,
    **dict.fromkeys(("ENROUTE", "ACCEPTD", "BUFFRED", "UNKNOWN"), SENT),
    **dict.fromkeys(("EXPIRED", "DELETED", "UNDELIV", "REJECTD", "FAILED", "SKIPPED"), FAILED),
}
REASONS = {
    "EXPIRED": "the time for delivery ran out",
    "DELETED": "the operator deleted the message",
    "UNDELIV": "the message could not be delivered",
    "REJECTD": "the network refused the message",
    "SKIPPED": "the operator skipped the message",
}

_KEY = re.compile(r"(?:^|(?<=\s))(id|stat|err)\s*:\s*([^\s:]{1,65})(?!\s*:)", re.IGNORECASE)
_QUOTED = re.compile(r"(?:^|(?<=\s))text\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: whose it is, our word for the state, and a reason for a failure."""

    id: str
    status: str
    reason: str = ""


def read(message: Short) -> Receipt | None:
    """The receipt that a deliver_sm carries; None if it is something else.

    Raises ValueError if it is a receipt, but names no message or no state.
    """
    named = message.tlvs.get(RECEIPTED_ID, b"").partition(b"\0")[0].decode("latin-1").strip()
    if not named and not message.esm_class & (RECEIPT | INTERMEDIATE):
        return None
    fields = _fields(message.whole_text)
    state = message.tlvs.get(MESSAGE_STATE, b"")
    word = STATES.get(state[-1], "") if state else ""
    word = word or fields.get("stat", "").upper()
    word = LONG_WORDS.get(word, word)
    if not (named or fields.get("id")):
        raise ValueError("a receipt that names no message")
    if word not in STATUSES:
        raise ValueError(f"a receipt with the state {word or '(none)'}")
    status = STATUSES[word]
    reason = _reason(word, message, fields.get("err", "")) if status == FAILED else ""
    return Receipt(named or fields["id"], status, reason)


def _fields(written: bytes) -> dict[str, str]:
    """The keys of a receipt's text. Whatever stands in the quoted text is the customer's."""
    text = written.decode("latin-1")
    if "\0" in text[:8]:  # two bytes a letter
        text = written.decode("utf-16-be", "replace")
    if quoted := _QUOTED.search(text):
        text = text[: quoted.start()]
    found: dict[str, str] = {}
    for key, value in _KEY.findall(text):
        found.setdefault(key.lower(), value)
    return found


def _reason(word: str, message: Short, error: str) -> str:
    network = message.tlvs.get(NETWORK_ERROR, b"")
    if len(network) == 3 and (code := int.from_bytes(network[1:], "big")):
        error = str(code)
    coded = f", error {error}" if error.strip("0") else ""
    return f"SMPP: {REASONS.get(word, 'the message was not delivered')} ({word}{coded})."


def plain(given: str) -> str:
    """An id without what operators vary: capitals, and zeros in front."""
    return given.strip().lower().lstrip("0") or given.strip()[:1]


_FORMS = (s.SAME, s.HEX_DECIMAL, s.DECIMAL_HEX)


class Ids:
    """Brings the ids of answers and of receipts into one form.

    Some SMSCs write one of them in hexadecimal and the other in decimal. In the form "auto" the
    receipts that fit a message sent before tell which; each of them leaves fewer possibilities.
    """

    def __init__(self, form: str) -> None:
        self._learns = form == s.AUTO
        self._forms: tuple[str, ...] = _FORMS if self._learns else (form,)
        self._sent: dict[str, None] = {}

    def sent(self, given: str) -> str:
        """The id of an answer, as it is kept."""
        kept = plain(given)
        if self._learns:
            self._sent[kept] = None
            if len(self._sent) > MEMORY:
                del self._sent[next(iter(self._sent))]
        return kept

    def puzzles(self, given: str) -> bool:
        """Whether nothing is learnt yet, and this receipt's id fits no message sent so far."""
        return self._forms == _FORMS and not self._fitting(plain(given), _FORMS)

    def received(self, given: str) -> str:
        """The id of a receipt, in the form in which its message's is kept."""
        kept = plain(given)
        if self._learns:
            fitting = self._fitting(kept, self._forms) or self._fitting(kept, _FORMS)
            self._forms = fitting or self._forms
        return _rewritten(kept, self._forms[0])

    def _fitting(self, kept: str, forms: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(form for form in forms if _rewritten(kept, form) in self._sent)


def _rewritten(receipt: str, form: str) -> str:
    """A receipt's id as the answer wrote it; unchanged if it is no number of that kind."""
    try:
        if form == s.HEX_DECIMAL and receipt.isascii() and receipt.isdigit():
            return f"{int(receipt):x}"
        if form == s.DECIMAL_HEX and re.fullmatch("[0-9a-f]+", receipt):
            return str(int(receipt, 16))
    except ValueError:  # more digits than Python likes to read
        pass
    return receipt
