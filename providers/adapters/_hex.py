"""Text that comes as hexadecimal bytes of an alphabet that nobody names."""

from __future__ import annotations

import unicodedata

from ..reading import clean
from ..segments import decode_septets

ALPHABETS = [
    ("auto", "Find out from the bytes"),
    ("utf-8", "UTF-8"),
    ("utf-16-be", "UTF-16 (UCS-2), big end first"),
    ("latin-1", "Latin 1"),
    ("gsm7", "GSM 7-bit, one byte a letter"),
]


def read_hex(given: str, alphabet: str) -> tuple[str, str]:
    """The text, and what could not be decoded ("" if all could)."""
    try:
        found = bytes.fromhex(given)
    except ValueError:
        return given, given
    if alphabet == "auto":
        text = guess(found)
        return (text, "") if text is not None else (readable(found), given)
    try:
        return clean(decode_septets(found) if alphabet == "gsm7" else found.decode(alphabet)), ""
    except UnicodeDecodeError:
        return readable(found), given


def guess(found: bytes) -> str | None:
    """The text in the one alphabet in which the bytes look like text; None if in none."""
    for alphabet in ("utf-8", "latin-1", "utf-16-be"):
        try:
            text = found.decode(alphabet)
        except UnicodeDecodeError:
            continue
        # UTF-16 read as either of the others shows its high bytes as control characters.
        if all(
            letter in "\n\r\t" or unicodedata.category(letter) not in NOT_TEXT for letter in text
        ):
            return text
    return None


NOT_TEXT = ("Cc", "Cn", "Co", "Cs")


def readable(found: bytes) -> str:
    """As much of the text as can be shown."""
    return clean(found.decode("utf-8", "replace"))
