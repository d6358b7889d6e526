"""Text to bytes and back, by data_coding."""

from __future__ import annotations

from dataclasses import dataclass

from ... import segments
from ...reading import clean
from . import settings as s

#: data_coding values with one meaning. 0 is what the SMSC is set to; 2 and 4 are no text.
CODECS = {
    1: "ascii",
    3: "latin-1",
    6: "iso8859_5",
    7: "iso8859_8",
    8: "utf-16-be",
    10: "iso2022_jp",
    14: "euc_kr",
}
BINARY = (2, 4)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """One way to write a text: how it is announced, and how much fits into one message.

    ``alone`` and ``joined`` count bytes; ``joined`` leaves room for a header of 6 bytes, and one
    of 7 takes ``wide`` bytes more.
    """

    name: str
    coding: int
    alone: int
    joined: int
    wide: int = 1

    def encode(self, text: str) -> bytes:
        """Raises UnicodeEncodeError if a letter is not in the alphabet."""
        if self.name == s.GSM7:
            return segments.encode_septets(text)
        return text.encode("utf-16-be" if self.name == s.UCS2 else self.name)

    def pieces(self, whole: bytes, room: int) -> list[bytes]:
        """The encoded text in pieces of at most so many bytes; no letter is cut in two."""
        found, start = [], 0
        while len(whole) - start > room:
            end = start + room
            if self.name == s.UCS2:
                end -= (end - start) % 2
                if 0xD8 <= whole[end - 2] <= 0xDB:  # the first half of a pair
                    end -= 2
            elif self.name == s.GSM7 and whole[end - 1] == segments.ESCAPE:
                end -= 1
            found.append(whole[start:end])
            start = end
        return [*found, whole[start:]]


# What the SMSC reads as its own alphabet travels as GSM-7 to the phone: 160 letters, or 153.
_DEFAULTS = {name: Alphabet(name, 0, 160, 153) for name in (s.GSM7, s.LATIN1, s.ASCII)}
_LATIN1 = Alphabet(s.LATIN1, 3, 140, 134)
_UCS2 = Alphabet(s.UCS2, 8, 140, 134, wide=2)


def write(text: str, settings: s.Settings) -> tuple[Alphabet, bytes]:
    """The text as it is sent: in the channel's own alphabet if it holds every letter."""
    wanted = _DEFAULTS[settings.default_alphabet]
    if settings.send_as != s.DEFAULT:
        wanted = _UCS2 if settings.send_as == s.UCS2 else _LATIN1
    try:
        return wanted, wanted.encode(text)
    except UnicodeEncodeError:
        return _UCS2, _UCS2.encode(clean(text))


def codec_of(coding: int, default: str) -> str:
    """The alphabet that a data_coding names; "" if it is no text."""
    if coding in CODECS:
        return CODECS[coding]
    if coding in BINARY:
        return ""
    if coding & 0xF0 == 0xF0:  # a class of message, in the default alphabet or as bytes
        return "" if coding & 0x04 else s.GSM7
    if coding & 0xC0 == 0 and coding & 0x30:  # the general groups of GSM 03.38
        return {0x00: s.GSM7, 0x04: "", 0x08: "utf-16-be"}.get(coding & 0x0C, "")
    return default


def decode(written: bytes, coding: int, default: str) -> tuple[str, str]:
    """The text, and in hexadecimal what could not be read for certain, else ""."""
    codec = codec_of(coding, default)
    if not codec:
        return "", written.hex()
    try:
        if codec == s.GSM7:
            return clean(segments.decode_septets(written)), ""
        return clean(written.decode(codec)), ""
    except UnicodeDecodeError:
        other = "utf-16-be" if codec == "utf-16-be" else "latin-1"
        return clean(written.decode(other, "replace")), written.hex()
