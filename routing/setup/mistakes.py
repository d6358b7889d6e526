"""Collects what is wrong with a file, so that all of it is told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Protocol

from django.core.exceptions import ValidationError


class Placed(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def path(self) -> str: ...


class NotApplied(Exception):
    """The file has mistakes, and nothing of it was applied. ``mistakes`` are sentences."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Mistakes:
    """The mistakes of one file, each with its line and key, and the warnings."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []
        self.warnings: list[str] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, line: int, path: str, text: str) -> None:
        place = f"line {line}, {path}" if path else f"line {line}"
        sentence = f"{place}: {text}"
        if (line, sentence) not in self._found:
            self._found.append((line, sentence))

    def at(self, entry: Placed, text: str) -> None:
        self.add(entry.line, entry.path, text)

    def warn(self, entry: Placed, text: str) -> None:
        self.warnings.append(f"line {entry.line}, {entry.path}: {text}")

    def raise_any(self) -> None:
        """Raise NotApplied if there are mistakes, in the order of the file."""
        if self._found:
            raise NotApplied([sentence for _, sentence in sorted(self._found, key=lambda x: x[0])])


def texts(error: ValidationError) -> str:
    """The sentences of a ValidationError as one."""
    return " ".join(error.messages)


def suggestion(word: str, known: Iterable[str]) -> str:
    """What was probably meant and what is known, to go behind a sentence; "" for nothing."""
    known = list(known)
    if not known:
        return "; there are none yet"
    close = [] if word.isdigit() else difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    meant = f"; did you mean {close[0]!r}?" if close and len(known) > 1 else ";"
    shown = ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")
    return f"{meant} known: {shown}"
