"""Reads what providers write: fields of any type, times, numbers, damaged text."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_NUMBERS = (int, float)
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_WRITTEN = str.maketrans("", "", " ().-/\u00a0")


def clean(text: str) -> str:
    """The text without what no database keeps: NULs, and halves of surrogate pairs."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def parse_json(body: bytes) -> Any:
    """UTF-8 JSON. Raises ValueError if it is not JSON, RecursionError if it is nested too deep.

    The fast parser is strict, and rounds whole numbers of more than 64 bits; ids may be such.
    """
    if not _LONG_NUMBER.search(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:  # the other one also knows UTF-16, NaN, lone surrogates
            pass
    return jsonlib.loads(body)


def field_of(found: Any, *names: str) -> str:
    """The first of these fields that holds text or a number, as clean text; "" if none does."""
    if type(found) is dict or isinstance(found, Mapping):  # the second is slow
        for name in names:
            value = found.get(name)
            if isinstance(value, str):
                if value:
                    return clean(value)
            elif isinstance(value, _NUMBERS) and not isinstance(value, bool):
                return str(value)
    return ""


def worded(said: str, code: str) -> str:
    """A service's words with its code behind them, if there is one; "" without words."""
    return f"{said} ({code})" if said and code else said


def moment(text: str, *, zone: tzinfo = UTC, forms: tuple[str, ...] = ()) -> datetime | None:
    """The time that a text tells, in UTC; None if it tells none that can be meant.

    The text is in one of the ``forms`` of strptime, or ISO 8601. ``zone`` is that of a time
    without one.
    """
    for form in (*forms, ""):
        try:
            when = datetime.strptime(text, form) if form else datetime.fromisoformat(text.strip())
            when = (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return when if when > _EARLIEST else None
    return None


def unix(text: str) -> datetime | None:
    """The time that so many seconds, or milliseconds, since 1970 tell; None if they tell none."""
    try:
        seconds = float(text)
        when = datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return when if when > _EARLIEST else None


def e164(number: str) -> str:
    """A number that begins with its country code, as E.164 with "+".

    Short codes, sender names and numbers with a national zero stay as they are.
    """
    digits = number.strip().translate(_WRITTEN)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    bare = digits.removeprefix("+")
    if not (bare.isascii() and bare.isdigit() and 7 <= len(bare) <= 15 and bare[0] != "0"):
        return number.strip()
    return "+" + bare
