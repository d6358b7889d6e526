"""What an agent searched for, and where it stands in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from ..models import words

BEFORE = 48  # letters of a text shown before the first hit
SHOWN = 180
LOOKED_AT = 5000  # letters beyond which nothing is marked


@dataclass(frozen=True)
class Asked:
    """A question as the indexes take it, and as a phone number where it can be one."""

    words: tuple[str, ...]
    digits: str = ""

    @classmethod
    def of(cls, question: str) -> Asked:
        """Numbers are known with or without plus, spaces, and the zeros one dials before them."""
        digits = ""
        if re.fullmatch(r"[\d\s+()./-]+", question, re.ASCII):
            digits = re.sub(r"^(00|0)", "", re.sub(r"\D", "", question))
        return cls(tuple(words.words(question)), digits if len(digits) >= 3 else "")

    def __bool__(self) -> bool:
        return bool(self.words or self.digits)


def marked(text: str, asked: Asked) -> SafeString:
    """The text, escaped, with <mark> around all hits."""
    return _written(text, _hits(text, asked), 0, len(text))


def excerpt(text: str, asked: Asked) -> SafeString:
    """The part of a text around its first hit, on one line."""
    text = " ".join(text.split())
    hits = _hits(text, asked)
    begin = 0
    if hits and hits[0][0] > BEFORE:
        begin = text.find(" ", hits[0][0] - BEFORE, hits[0][0]) + 1 or hits[0][0]
    end = min(len(text), begin + SHOWN)
    written = _written(text, hits, begin, end)
    return mark_safe(f"{'…' * (begin > 0)}{written}{'…' * (end < len(text))}")  # noqa: S308


def _written(text: str, hits: list[tuple[int, int]], begin: int, end: int) -> SafeString:
    parts, at = [], begin
    for start, stop in hits:
        if start < at or stop > end:
            continue
        parts += [escape(text[at:start]), "<mark>", escape(text[start:stop]), "</mark>"]
        at = stop
    return mark_safe("".join([*parts, escape(text[at:end])]))  # noqa: S308


def _hits(text: str, asked: Asked) -> list[tuple[int, int]]:
    """Where the words begin words of the text, and where the number stands."""
    folded, place = _folded(text[:LOOKED_AT])
    hits = []
    for word in re.finditer(r"[^\W_]+", folded):
        begun = max((len(w) for w in asked.words if word[0].startswith(w)), default=0)
        if begun:
            hits.append((place[word.start()], place[word.start() + begun - 1] + 1))
    if asked.digits and (at := folded.find(asked.digits)) >= 0:
        hits = [(place[at], place[at + len(asked.digits) - 1] + 1)]
    return hits


def _folded(text: str) -> tuple[str, list[int] | range]:
    """The text without case and accents, and of each letter its place in the text."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters, place = [], []
    for at, letter in enumerate(text):
        plain = words.plain(letter)
        letters.append(plain)
        place += [at] * len(plain)
    return "".join(letters), place
