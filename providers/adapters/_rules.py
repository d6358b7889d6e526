"""The lines in which an administrator says what a service's answers mean.

A *condition*: ``status 200-299``, ``text OK``, ``field result.code = 0``, ``field error``,
``regex ^OK: [0-9]+``, ``any``. A *place*: ``field data.id``, ``regex ^OK: ([0-9]+)``, ``line 2``,
``header Location``, ``text``. A *list* has a pair in each line, with "=" between.

Patterns are RE2's, whose time grows only with the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]
from django.core.exceptions import ValidationError

from ..reading import clean
from . import _tree

_SEARCHED = 20_000  # characters; a verdict that stands further back is none


@dataclass(frozen=True)
class Seen:
    """An answer, or a request, as the rules look at it."""

    body: bytes = b""
    status: int = 0
    charset: str = "utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    given: Any = None  # the fields, where somebody else has read them

    @cached_property
    def text(self) -> str:
        return clean(self.body.decode(self.charset, "replace")).strip().lstrip("\ufeff")

    @cached_property
    def fields(self) -> Any:
        return _tree.tree(self.body) if self.given is None else self.given


@lru_cache(maxsize=512)
def _pattern(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(source, options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ValidationError(
            f"{source!r} is no pattern that can be used: {said}. Look-ahead and references back "
            "are not possible."
        ) from None


def _search(source: str, text: str) -> Any:
    return _pattern(source).search(text[:_SEARCHED])


def _split(line: str, kinds: tuple[str, ...], example: str) -> tuple[str, str]:
    kind, _, rest = line.strip().partition(" ")
    kind, rest = kind.lower(), rest.strip()
    if kind not in kinds:
        raise ValidationError(f"{line.strip()!r} begins with none of {', '.join(kinds)}: {example}")
    if not rest and kind not in ("text", "any"):
        raise ValidationError(f"{kind!r} lacks what comes after it: {example}")
    return kind, rest


_CONDITION = "write for example: status 200-299, or: text OK, or: field result.code = 0"


@lru_cache(maxsize=1024)
def condition(line: str) -> Callable[[Seen], bool]:
    """What the line says, as a question. Raises ValidationError in an administrator's words."""
    kind, rest = _split(line, ("status", "text", "field", "regex", "any"), _CONDITION)
    if kind == "any":
        return lambda seen: True
    if kind == "status":
        ranges = _ranges(rest)
        return lambda seen: any(low <= seen.status <= high for low, high in ranges)
    if kind == "text":
        return lambda seen: bool(seen.text) and seen.text.lower().startswith(rest.lower())
    if kind == "regex":
        _pattern(rest)
        return lambda seen: _search(rest, seen.text) is not None
    path, sign, wanted = re.match(r"(.*?)\s*(!=|=|$)\s*(.*)", rest, re.S).groups()  # type: ignore[union-attr]
    if not path or (sign and not wanted):
        raise ValidationError(f"{line.strip()!r} is not complete; {_CONDITION}")
    words = {word.strip().lower() for word in wanted.split("|")}
    if not sign:
        return lambda seen: bool(_tree.first(seen.fields, path))
    if sign == "=":
        return lambda seen: _tree.first(seen.fields, path).lower() in words
    return lambda seen: (
        (found := _tree.first(seen.fields, path).lower()) != "" and (found not in words)
    )


def _ranges(text: str) -> list[tuple[int, int]]:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*", part)
        if match is None:
            raise ValidationError(f"{part.strip()!r} is no HTTP status; write for example 200-299.")
        found.append((int(match[1]), int(match[2] or match[1])))
    return found


_PLACE = "write for example: field data.id, or: regex ^OK: ([0-9]+), or: line 2"


@lru_cache(maxsize=1024)
def place(line: str) -> Callable[[Seen], list[str]]:
    """The texts that stand at a place. Raises ValidationError in an administrator's words."""
    kind, rest = _split(line, ("field", "regex", "line", "header", "text"), _PLACE)
    if kind == "field":
        return lambda seen: _tree.values(seen.fields, rest)
    if kind == "header":
        return lambda seen: [found] if (found := seen.headers.get(rest.lower(), "")) else []
    if kind == "line":
        if not re.fullmatch(r"[1-9]\d?", rest):
            raise ValidationError(f"{rest!r} is no line's number; {_PLACE}")
        return lambda seen: (
            [seen.text.splitlines()[int(rest) - 1].strip()]
            if (len(seen.text.splitlines()) >= int(rest))
            else []
        )
    if kind == "text":
        return lambda seen: [seen.text] if seen.text else []
    _pattern(rest)
    return lambda seen: _groups(_search(rest, seen.text))


def _groups(match: Any) -> list[str]:
    if match is None:
        return []
    found = match.group(1) if match.re.groups else match.group(0)
    return [found] if found else []


def pairs(text: str, sign: str = "=") -> list[tuple[str, str]]:
    """The pairs of a list, one a line; lines that are empty or begin with # say nothing.

    Raises ValidationError that names the line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        left, there, right = line.partition(sign)
        if not there or not left.strip():
            raise ValidationError(f"Line {number}, {line.strip()!r}, lacks a name or the {sign!r}.")
        found.append((left.strip(), right.strip()))
    return found
