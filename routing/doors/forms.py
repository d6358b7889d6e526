"""Reads the parameters of old scripts: from the address or a form, in UTF-8 or Latin-1, by names
in any letter case."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

FORM = "application/x-www-form-urlencoded"
_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
MOST = 1_000  # parameters


class Unreadable(ValueError):
    """The parameters cannot be read; the text says why."""


class Parameters:
    """``found["recipient"]``: the last value, "" if there is none. Names have no letter case."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._found: dict[str, list[str]] = {}
        for name, value in pairs:
            self._found.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return (self._found.get(name.lower()) or [""])[-1]

    def all(self, name: str) -> list[str]:
        return self._found.get(name.lower(), [])

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._found


def read(request: HttpRequest) -> Parameters:
    """The parameters of the address, and of the form where there is one. Raises Unreadable."""
    raw = [request.META.get("QUERY_STRING", "").encode("latin-1", "replace")]
    if is_form(request):
        try:
            raw.append(request.body)
        except RequestDataTooBig:
            raise Unreadable("The body is too large") from None
    elif request.method == "POST" and request.headers.get("Content-Length", "0") not in ("", "0"):
        raise Unreadable(f"Content-Type must be {FORM}")
    return Parameters([pair for part in raw for pair in _pairs(part)])


def is_form(request: HttpRequest) -> bool:
    return request.method == "POST" and request.content_type == FORM


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > MOST:
        raise Unreadable(f"More than {MOST} parameters")
    found = []
    for part in parts:
        name, _, value = part.partition(b"=")
        found.append((_text(name), _text(value)))
    return found


def _text(raw: bytes) -> str:
    """UTF-8 where it is, else Latin-1 as Windows has it, which every old script means."""
    if _ESCAPE.search(raw):
        raise Unreadable(raw.decode("latin-1")[:100])
    plain = unquote_to_bytes(raw.replace(b"+", b" "))
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        text = plain.decode("cp1252", "replace") if _is_cp1252(plain) else plain.decode("latin-1")
    return text.replace("\x00", "")


def _is_cp1252(plain: bytes) -> bool:
    try:
        plain.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True
