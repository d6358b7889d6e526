"""Reads parameters, of the address or of a JSON body: each is as it must be, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from .words import SYNTAX, Refusal, wrong

MOST_IN_A_PAGE = 200
MOST_IDS = 200
LARGEST = 2**63 - 1


class Given:
    """The parameters of one request. An empty one is as good as none."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def __contains__(self, name: str) -> bool:
        return self.found.get(name) not in (None, "")

    def text(self, name: str, *, required: bool = False, most: int = 1000) -> str:
        """A text without what no database keeps; a number is taken for its digits."""
        value = self._value(name, required)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise wrong(name, "string")
        said = str(value).replace("\x00", "").encode("utf-8", "replace").decode()
        if len(said) > most:
            raise wrong(name, "max_length")
        if required and not said.strip():
            raise wrong(name, "required")
        return said

    def whole(
        self, name: str, default: int | None = None, *, least: int = 0, most: int = LARGEST
    ) -> int:
        """A whole number; without a default it must be there."""
        value = self._value(name, default is None)
        if value is None:
            assert default is not None
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise wrong(name, "integer")
        said = str(value).strip()
        if not said.removeprefix("-").isdecimal() or not said.isascii() or len(said) > 20:
            raise wrong(name, "integer")
        if not least <= int(said) <= most:
            raise wrong(name, "range")
        return int(said)

    def yes(self, name: str) -> bool:
        return bool(self.whole(name, 0, most=1))

    def word(self, name: str, words: Collection[str], default: str | None = None) -> str:
        """One of these words; without a default it must be there."""
        value = self.text(name, required=default is None) or default or ""
        if value not in words:
            raise wrong(name, "oneof")
        return value

    def number(self, name: str, numbers: Collection[int], default: int | None = None) -> int:
        """One of these numbers."""
        value = self.whole(name, default)
        if value not in numbers:
            raise wrong(name, "oneof")
        return value

    def ids(self, name: str = "ids") -> list[int]:
        """Ids with commas between, each once."""
        found = []
        for word in self.text(name, required=True, most=5000).split(","):
            if not word.strip().isdecimal() or not word.strip().isascii() or len(word) > 19:
                raise wrong(name)
            found.append(int(word))
        if len(found) > MOST_IDS:
            raise wrong(name, "max_length")
        return list(dict.fromkeys(found))

    def items(self, name: str, *, required: bool = False, most: int = 1000) -> list[Given]:
        """A list of objects."""
        value = self._value(name, required)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise wrong(name, "array")
        if len(value) > most:
            raise wrong(name, "max_length")
        return [Given(each) for each in value]

    def page(self) -> slice:
        """Which of a list of few are asked for, by ``page`` and ``page_size``."""
        size = self.page_size()
        first = (self.whole("page", least=1, most=1_000_000) - 1) * size
        return slice(first, first + size)

    def page_size(self) -> int:
        return self.whole("page_size", least=1, most=MOST_IN_A_PAGE)

    def _value(self, name: str, required: bool) -> Any:
        if name in self:
            return self.found[name]
        if required:
            raise wrong(name, "required")
        return None


def body_of(request: HttpRequest) -> Given:
    """The JSON object that was posted. Raises Refusal."""
    try:
        found = json.loads(request.body)
    except RequestDataTooBig:
        raise Refusal(SYNTAX, "The body is too large.") from None
    except (ValueError, RecursionError):
        raise Refusal(SYNTAX, "The body is not valid JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise Refusal(SYNTAX, "The body must be a JSON object.")
    return Given(found)
