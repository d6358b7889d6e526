"""What the modem holds for us: stored messages and reports, whole or in parts.

Whatever is stored stays on the SIM until the desk has it. The parts of a long message stay there
until all of them have come, so that not even a restart loses one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ...messages import Event, Inbound
from ...reading import clean
from ..parts import Assembly, Whole
from .pdu import Garbage, Receipt, Received, read, text_of
from .receipts import Ledger


@dataclass(frozen=True, slots=True)
class Stored:
    """A PDU, and where it is stored; ``place`` -1 for one that was handed over at once."""

    pdu: str
    place: int = -1


@dataclass(frozen=True, slots=True)
class Find:
    """Events for the desk, and what may be deleted once it has them."""

    events: tuple[Event, ...]
    stored: tuple[Stored, ...]


class Mailbox:
    """Makes events of PDUs, for one SIM with this number."""

    def __init__(self, number: str, ledger: Ledger, patience: float) -> None:
        self._number, self._ledger = number, ledger
        self._parts: Assembly[tuple[Received, Stored]] = Assembly(patience)
        self._waiting: set[Stored] = set()

    def look(self, listed: Iterable[Stored]) -> list[Find]:
        """What is new among the messages that are stored now."""
        found = [self.open(each) for each in listed if each not in self._waiting]
        found += [self._find(whole) for whole in self._parts.overdue()]
        return [each for each in found if each]

    def open(self, stored: Stored) -> Find | None:
        """What a PDU says; None while other parts of it are missing, or if it is our own."""
        try:
            found = read(stored.pdu)
        except Garbage as error:
            return self._unreadable(stored, error)
        if found is None:
            return None
        if isinstance(found, Receipt):
            events = self._ledger.reports(found, datetime.now(UTC))
            return Find(tuple(events), (stored,))
        if found.place is None:
            return self._find(Whole([(found, stored)], []))
        whole = self._parts.add(found.sender, found.place, (found, stored))
        if whole is None:
            self._waiting.add(stored)
            return None
        return self._find(whole)

    def forget(self, find: Find) -> None:
        """Wait for none of it any more: it is stored, or will be read once more."""
        self._waiting -= set(find.stored)

    def _find(self, whole: Whole[tuple[Received, Stored]]) -> Find:
        parts = [each[0] if each else None for each in whole.parts]
        text, raw = text_of(parts)
        first = next(each for each in parts if each)
        stored = [each[1] for each in (*whole.parts, *whole.spare) if each]
        name = " ".join(each.raw for each in parts if each)
        event = Inbound(
            clean(first.sender) or "unknown",
            self._number,
            clean(text),
            provider_id=_hashed(name),
            sent_at=first.sent_at,
            raw=raw,
        )
        return Find((event,), tuple(stored))

    def _unreadable(self, stored: Stored, error: Garbage) -> Find:
        """Kept for the administrator: on the SIM it would only take up room."""
        raw = f"{error}: {stored.pdu}"
        event = Inbound(
            "unknown", self._number, "", provider_id=_hashed(stored.pdu), raw=clean(raw)[:2_000]
        )
        return Find((event,), (stored,))


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:40]
