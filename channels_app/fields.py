"""Database fields of their own kind: encrypted JSON, and phone numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import phonenumbers
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models

from providers.base import Provider


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            f"FIELD_KEYS holds a key that is not a Fernet key: {error}"
        ) from None


def encrypt(text: str) -> str:
    """The text encrypted with the first of FIELD_KEYS."""
    return _fernet(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """What ``encrypt`` was given. Raises ImproperlyConfigured if no key of FIELD_KEYS fits."""
    try:
        return _fernet(tuple(settings.FIELD_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A secret in the database was encrypted with a key that FIELD_KEYS does not hold."
        ) from None


class EncryptedJSONField(models.TextField):
    """JSON, encrypted in one column. It cannot be searched."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(decrypt(value))

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else encrypt(json.dumps(value))

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIALLED = re.compile(r"[+0-9][0-9 ()./*#-]*")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}")


@lru_cache(maxsize=65_536)
def normalise(number: str, region: str = "") -> str:
    """A phone number as E.164 with "+", from any form in which people and providers write it.

    ``region`` ("CH") is the country of numbers without a country code; without one, digits are
    taken to begin with the country code. Raises ValidationError if it cannot be a phone number.
    """
    number = number.strip()
    if _E164.fullmatch(number):
        return number
    if not _DIALLED.fullmatch(number):
        raise ValidationError(f"{number!r} is not a phone number.")
    if number.startswith("00"):
        number = "+" + number[2:]
    if not number.startswith("+") and not region:
        number = "+" + number
    try:
        parsed = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException as error:
        raise ValidationError(f"{number!r} is not a phone number.") from error
    if not phonenumbers.is_possible_number(parsed):
        raise ValidationError(f"{number!r} has too few or too many digits for a phone number.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def address(value: str) -> str:
    """The address of a customer as a provider writes it: E.164 where it is a number.

    Short codes, sender names and chat ids stay as they are.
    """
    value = value.strip()
    if _E164.fullmatch(value):
        return value
    digits = value.lstrip("+").lstrip("0")
    if not _DIALLED.fullmatch(value) or len(digits) < 7:
        return value[:255]
    try:
        return normalise(value)
    except ValidationError:
        return value[:255]


def without_prefix(value: str, prefixes: Sequence[str], region: str = "") -> str:
    """A received number without the longest of these prefixes, as ``address`` writes it.

    What is left of a number may be a national one of ``region``. A number that would have nothing
    left, or has none of the prefixes, stays as it is.
    """
    written = value.strip()
    for number in (written, written.removeprefix("+")):
        for prefix in sorted(prefixes, key=len, reverse=True):
            rest = number.removeprefix(prefix)
            if prefix and rest and rest != number:
                try:
                    return normalise(rest, region) if region else address(rest)
                except ValidationError:
                    return rest
    return value


def own_address(value: str, provider: type[Provider]) -> str:
    """A channel's number as its provider wants it: a phone number, a name, or of a chat network.

    Raises ValidationError in an administrator's words.
    """
    if not provider.own_address:
        return validate_own_number(value, names=provider.alphanumeric_sender)
    value = value.strip()
    if not re.fullmatch(provider.own_address, value):
        raise ValidationError(f"{value!r} does not fit. {provider.own_address_help}".strip())
    return value


def validate_own_number(value: str, *, names: bool) -> str:
    """A channel's number in the form it is stored: strict E.164, or a sender name where allowed.

    Raises ValidationError in an administrator's words.
    """
    value = value.strip()
    if _E164.fullmatch(value):
        try:
            possible = phonenumbers.is_possible_number(phonenumbers.parse(value))
        except phonenumbers.NumberParseException:
            possible = False
        if possible:
            return value
        raise ValidationError(f"{value} is not a possible phone number; check its digits.")
    if names and _NAME.fullmatch(value):
        return value
    if re.fullmatch(r"[0-9 ()./-]+", value):
        raise ValidationError(
            f"{value} lacks the plus sign and country code; write it like +41791234510."
        )
    raise ValidationError(
        f"{value!r} is neither a number like +41791234510"
        + (" nor a sender name of at most 11 letters and digits." if names else ".")
    )
