"""Writes letters without the marks that GSM 7-bit lacks, for routes that cannot carry them."""

from __future__ import annotations

import unicodedata

from django import forms

from ..errors import Rejected
from ..segments import SEPTETS, count

# Letters and signs that Unicode does not take apart, and what people write instead.
_INSTEAD = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "„": '"', "”": '"', "“": '"', "’": "'"}
_INSTEAD |= {"‘": "'", "‚": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "}


def plain(text: str) -> str:
    """The text with "a" for "ą" and the like; letters that have no such twin stay."""
    return "".join(letter if letter in SEPTETS else _twin(letter) for letter in text)


def _twin(letter: str) -> str:
    found = _INSTEAD.get(letter) or "".join(
        each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each)
    )
    return found if found and all(each in SEPTETS for each in found) else letter


def switch() -> forms.BooleanField:
    """The field that has texts written without marks."""
    return forms.BooleanField(
        label="Write letters without marks",
        required=False,
        help_text="a for ą, l for ł and so on: a text then takes fewer segments and costs less.",
    )


def check_length(name: str, text: str, *, most: int, costly_most: int) -> None:
    """Raise Rejected if the text has more units than fit: septets, or 16 bits if it is costly."""
    found = count(text)
    limit = costly_most if found.costly else most
    if found.units > limit:
        said = f"the text is too long: {found.units} characters, and at most {limit} fit"
        said += f" with letters like {found.costly[0]}" if found.costly else ""
        raise Rejected(f"{name}: {said}.", code="invalid_param")
