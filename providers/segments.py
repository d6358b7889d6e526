"""Counts the segments in which a text travels as SMS, and writes and reads its 7-bit alphabet."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

# GSM 03.38: a letter's place is its septet. The place of ESC leads to the second table, whose
# letters take two septets.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
SEPTETS = {letter: 1 for letter in BASIC if letter != "\x1b"} | dict.fromkeys(EXTENSION, 2)
_WRITTEN = {ord(letter): bytes((BASIC.index(letter),)) for letter in BASIC if letter != "\x1b"}
_WRITTEN |= {ord(letter): bytes((ESCAPE, septet)) for letter, septet in EXTENSION.items()}
_EXTENDED = {septet: letter for letter, septet in EXTENSION.items()}


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs. ``units`` are septets in GSM-7, and 16-bit units in UCS-2.

    ``per_segment`` is what fits into each of so many segments; ``costly`` are the letters that
    force UCS-2, each once, in the order of the text.
    """

    encoding: str
    units: int
    segments: int
    per_segment: int
    costly: tuple[str, ...] = ()


def count(text: str) -> Segments:
    """How a text travels. An empty text takes no segment."""
    costly = tuple(dict.fromkeys(letter for letter in text if letter not in SEPTETS))
    if costly:
        return _fill("UCS-2", [2 if letter > "\uffff" else 1 for letter in text], 70, 67, costly)
    return _fill("GSM-7", [SEPTETS[letter] for letter in text], 160, 153, ())


def _fill(
    encoding: str, letters: list[int], alone: int, joined: int, costly: tuple[str, ...]
) -> Segments:
    """Put letters of one or two units into segments; a letter is never split over a border."""
    units = sum(letters)
    if units <= alone:
        return Segments(encoding, units, min(units, 1), alone, costly)
    segments, room = 1, joined
    for size in letters:
        if size > room:
            segments, room = segments + 1, joined
        room -= size
    return Segments(encoding, units, segments, joined, costly)


def encode_septets(text: str) -> bytes:
    """The text in GSM 7-bit, one septet a byte. Raises UnicodeEncodeError at a costly letter."""
    return codecs.charmap_encode(text, "strict", _WRITTEN)[0]


def decode_septets(septets: bytes) -> str:
    """The text of GSM 7-bit septets, one a byte. Raises UnicodeDecodeError if it is not that.

    An escaped septet without a letter of its own stands for the basic table's, as phones show it.
    """
    letters: list[str] = []
    escaped = False
    for place, septet in enumerate(septets):
        if septet > 127:
            raise UnicodeDecodeError("gsm7", septets, place, place + 1, "not a septet")
        if escaped:
            letters.append(_EXTENDED.get(septet, " " if septet == ESCAPE else BASIC[septet]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            letters.append(BASIC[septet])
    if escaped:
        raise UnicodeDecodeError("gsm7", septets, len(septets) - 1, len(septets), "ends in escape")
    return "".join(letters)
