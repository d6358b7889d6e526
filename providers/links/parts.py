"""Long messages, which travel as several short ones: their headers, and putting them together."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

_SHORT, _WIDE = 0x00, 0x08  # information elements: a reference of one byte, or of two


class Place(NamedTuple):
    """Which part of which long message this is; the first is number 1."""

    reference: int
    total: int
    number: int


def elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """The information elements of a user data header without its length; a cut one ends it."""
    at = 0
    while len(header) - at >= 2:
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if len(value) < length:
            return
        yield kind, value
        at += 2 + length


def split_header(written: bytes) -> tuple[bytes, bytes]:
    """The user data header without its length, and what follows it.

    A header that claims more than there is counts as none.
    """
    if written and written[0] < len(written):
        return written[1 : 1 + written[0]], written[1 + written[0] :]
    return b"", written


def place_of(header: bytes) -> Place | None:
    """What a header says about the place in a long message; None if it says nothing sensible."""
    found = None
    for kind, value in elements(header):
        if (kind, len(value)) in ((_SHORT, 3), (_WIDE, 4)):
            found = Place(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
    return found if found and 1 <= found.number <= found.total and found.total > 1 else None


def header_of(place: Place, *, wide: bool = False) -> bytes:
    """The user data header with its length: 6 bytes, or 7 with a ``wide`` reference."""
    if wide:
        return bytes(
            (6, _WIDE, 4, *divmod(place.reference & 0xFFFF, 256), place.total, place.number)
        )
    return bytes((5, _SHORT, 3, place.reference & 0xFF, place.total, place.number))


@dataclass
class _Heap(Generic[T]):
    since: float
    parts: list[T | None]
    spare: list[T] = field(default_factory=list)


class Whole(NamedTuple, Generic[T]):
    """A long message: its parts in order, None for those that never came, and repeated ones."""

    parts: list[T | None]
    spare: list[T]


class Assembly(Generic[T]):
    """Collects the parts of long messages, in whatever order they come.

    The key names the message: whoever sent it to whom, with which reference and how many parts. A
    part may be anything; it is kept until the message is whole or its time is up. ``patience`` is
    in seconds, counted from the last part that came.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.patience, self._clock = patience, clock
        self._heaps: dict[Hashable, _Heap[T]] = {}

    def __len__(self) -> int:
        """How many messages are not whole yet."""
        return len(self._heaps)

    def add(self, key: Hashable, place: Place, part: T) -> Whole[T] | None:
        """Keep a part; the message if that makes it whole. Of a repeated part the first counts."""
        key = (key, place.reference, place.total)
        heap = self._heaps.setdefault(key, _Heap(0.0, [None] * place.total))
        heap.since = self._clock()
        if heap.parts[place.number - 1] is None:
            heap.parts[place.number - 1] = part
        else:
            heap.spare.append(part)
        if any(each is None for each in heap.parts):
            return None
        return self._take(key)

    def overdue(self) -> list[Whole[T]]:
        """Take out the messages that will not become whole any more."""
        until = self._clock() - self.patience
        late = [key for key, heap in self._heaps.items() if heap.since <= until]
        return [self._take(key) for key in late]

    def _take(self, key: Hashable) -> Whole[T]:
        heap = self._heaps.pop(key)
        return Whole(heap.parts, heap.spare)
