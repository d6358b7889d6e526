"""A campaign's text: {{column}} stands for what a recipient's row has in that column.

{{column|customer}} says what to write where the row has nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_VARIABLE = re.compile(r"\{\{\s*([^{}|]{1,200}?)\s*(?:\|\s*([^{}]{0,200}?)\s*)?\}\}")


class Lacking(Exception):
    """A row has nothing to fill these variables with."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        super().__init__(", ".join(self.names))


def folded(name: str) -> str:
    """A column's name as it is compared: without regard to case and spaces around it."""
    return " ".join(name.split()).casefold()


def variables(*texts: str) -> list[str]:
    """The names that the texts ask for, each once, in their order."""
    found = (match[1] for text in texts for match in _VARIABLE.finditer(text))
    return list(dict.fromkeys(map(folded, found)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text for one recipient. Raises Lacking if a variable has neither value nor default."""
    lacking: list[str] = []

    def filled(match: re.Match[str]) -> str:
        value = values.get(folded(match[1]), "").strip() or match[2]
        if value is None:
            lacking.append(match[1])
            return ""
        return value

    done = _VARIABLE.sub(filled, text)
    if lacking:
        raise Lacking(dict.fromkeys(lacking))
    return done
