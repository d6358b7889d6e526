"""Judges what an administrator types into the HTTP profile; every mistake is told in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as Tree
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from ..base import DELIVERED, FAILED, READ, SENT
from ._rules import condition, pairs

#: What may stand in braces in a field that is sent.
WORDS = ("to", "from", "text", "login", "password", "id", "callback")
BRACES = re.compile(r"\{([a-z_]*)\}")
#: What a rule about errors may call an answer.
OUTCOMES = (
    "credentials", "credit", "number", "sender", "opted-out", "refused",
    "throttled", "temporary", "unknown",
)  # fmt: skip
REPORTS = {"sent": SENT, "delivered": DELIVERED, "failed": FAILED, "read": READ, "nothing": ""}
RECEIVED = ("list", "sender", "recipient", "text", "id", "time", "name")
REPORTED = ("list", "id", "reference", "status", "reason", "time")


def judged(judge: Callable[[str], Any]) -> Callable[[str], None]:
    """A validator out of a function that raises ValidationError."""
    return lambda value: judge(value) and None


def check_address(value: str) -> None:
    """Raise ValidationError unless the text is a web address, or a path under one."""
    if not value.startswith(("https://", "http://", "/")) or " " in value:
        raise ValidationError("Enter an https:// address, or a path that begins with a slash.")
    if "{" in value.partition("://")[2].partition("/")[0]:
        raise ValidationError("Words in braces may stand in the path only, not in the host's name.")
    braces(value)
    try:
        urlsplit(value)
    except ValueError as error:
        raise ValidationError(f"This is not an address: {error}.") from None


def braces(value: str) -> None:
    """Raise ValidationError if a word in braces is not one of ours."""
    for word in BRACES.findall(value):
        if word not in WORDS:
            known = ", ".join("{" + each + "}" for each in WORDS)
            raise ValidationError(f"{{{word}}} stands for nothing. These words are known: {known}.")


def sent(value: str) -> None:
    for _, right in pairs(value):
        braces(right)


def headers(value: str) -> None:
    for name, right in pairs(value, ":"):
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise ValidationError(f"{name!r} cannot be the name of a header.")
        braces(right)


def errors(value: str) -> None:
    for outcome, rule in pairs(value, ":"):
        if outcome not in OUTCOMES:
            known = ", ".join(OUTCOMES)
            raise ValidationError(f"{outcome!r} is no outcome; write one of {known}.")
        condition(rule)


def named(*names: str) -> Callable[[str], None]:
    def judge(value: str) -> None:
        for ours, theirs in pairs(value):
            if ours not in names:
                raise ValidationError(f"{ours!r} is not known here; write {', '.join(names)}.")
            if not theirs:
                raise ValidationError(f"{ours!r} lacks the name that the provider uses.")

    return judge


def words(value: str) -> None:
    for theirs, ours in pairs(value):
        if ours not in REPORTS:
            known = ", ".join(REPORTS)
            raise ValidationError(f"{ours!r} says nothing about {theirs!r}; write one of {known}.")


def template(value: str) -> None:
    braces(value)
    try:
        Tree.fromstring(BRACES.sub("x", value).encode())  # noqa: S314
    except (Tree.ParseError, ValueError) as error:
        raise ValidationError(f"This is not XML: {error}.") from None


def zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(f"{value!r} is no time zone; write one like Europe/Warsaw.")
