"""The parts of long messages as SMPP brings them, each with the PDUs that still want an answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import parts
from .pdu import SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, UDHI, Short

#: So long a message waits for its other parts; then it is shown with what came.
JOIN_SECONDS = 600.0
MOST_DONE = 1_000


@dataclass(slots=True, eq=False)
class Part:
    """What one deliver_sm carries, without its header; ``place`` is None if that is all.

    ``key`` names the long message: who writes to whom, with which reference and how many parts.
    ``tokens`` are what its PDUs are answered by; those that were answered are taken out.
    """

    short: Short
    text: bytes
    place: parts.Place | None = None
    key: Hashable = None
    at: float = 0.0
    tokens: list[Any] = field(default_factory=list)


#: A message in order; None where a part never came.
Parts = Sequence[Part | None]


def part_of(short: Short) -> Part:
    """The part that a deliver_sm is. A header that cannot be read is taken for text."""
    text, tlvs = short.whole_text, short.tlvs
    place, kind = None, "udh"
    if short.esm_class & UDHI:
        header, text = parts.split_header(text)
        place = parts.place_of(header)
    elif all(tlvs.get(each) for each in (SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER)):
        kind, reference = "sar", int.from_bytes(tlvs[SAR_REFERENCE][-2:], "big")
        found = parts.Place(reference, tlvs[SAR_TOTAL][-1], tlvs[SAR_NUMBER][-1])
        place = found if 1 <= found.number <= found.total and found.total > 1 else None
    who = (short.source.value, short.destination.value)
    return Part(short, text, place, (kind, *who, *place[:2]) if place else None)


def runs(found: Parts) -> Iterator[tuple[Short, bytes] | None]:
    """The text of a message in order, neighbours of one alphabet together; None for a gap.

    Joined before they are decoded: a careless sender cuts letters of two units in halves.
    """
    run: tuple[Short, bytes] | None = None
    gap = False
    for part in found:
        if part and run and run[0].coding == part.short.coding:
            run = (run[0], run[1] + part.text)
            continue
        if run:
            yield run
        run = (part.short, part.text) if part else None
        if part is None and not gap:
            yield None
        gap = part is None
    if run:
        yield run


class Joiner:
    """Keeps what waits for its other parts, and remembers for a while what was whole."""

    def __init__(self) -> None:
        self._assembly: parts.Assembly[Part] = parts.Assembly(JOIN_SECONDS)
        self._held: list[Part] = []  # parts whose PDUs are not answered yet
        self._done: dict[Hashable, tuple[float, list[bytes]]] = {}

    def add(self, part: Part) -> list[Part] | None:
        """Keep a part; all parts, and repeated ones after them, if the message is whole by it."""
        assert part.place is not None
        whole = self._assembly.add(part.key, part.place, part)
        if whole is None:
            self._held.append(part)
            return None
        found = [*(each for each in whole.parts if each), *whole.spare]
        self._held = [each for each in self._held if each not in found]
        return found

    def repeated(self, part: Part) -> bool:
        """Whether this part's message is stored already: our answer did not reach the SMSC."""
        if part.place is None:
            return False
        _, texts = self._done.get(part.key, (0.0, []))
        return bool(texts) and texts[part.place.number - 1] == part.text

    def stored(self, found: Parts, now: float) -> None:
        """Remember a message, lest a part that comes once more seems to begin a new one."""
        whole = [part for part in found if part]
        first = whole[0]
        if first.place and len(whole) >= first.place.total and len(whole) == len(found):
            self._done[first.key] = (now, [part.text for part in whole])
            if len(self._done) > MOST_DONE:
                del self._done[next(iter(self._done))]

    def restore(self, found: Parts) -> None:
        """Take back a message that could not be stored, without the parts that come again."""
        for part in found:
            if part and part.place and not part.tokens:
                self._assembly.add(part.key, part.place, part)

    def held(self, since: float) -> list[Part]:
        """Hand out the parts that came before and whose PDUs are still not answered."""
        due = [part for part in self._held if part.at <= since]
        self._held = [part for part in self._held if part.at > since]
        return due

    @property
    def holds(self) -> bool:
        return bool(self._held)

    @property
    def waits(self) -> bool:
        return bool(len(self._assembly))

    def overdue(self, now: float, *, everything: bool = False) -> list[list[Part | None]]:
        """Give up, and hand out, those that waited too long."""
        for key in [key for key, (at, _) in self._done.items() if now - at > JOIN_SECONDS]:
            del self._done[key]
        if everything:
            self._assembly.patience = -1.0
        return [whole.parts for whole in self._assembly.overdue()]
