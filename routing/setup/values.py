"""Single values out of entries: each is of the right type, or a mistake and None."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model

from providers.http import check_url

from .mistakes import Mistakes, texts
from .reading import Entry


@dataclass
class Change:
    """What happened to one object. ``fields`` are words like "rate: 1 → 10"; never a secret."""

    object: str
    name: str
    action: str = "updated"
    fields: list[str] = field(default_factory=list)

    def note(self, name: str, old: Any, new: Any) -> None:
        """Remember a change; of an object that is new, only what it becomes."""
        was = "" if self.action == "created" else f"{_shown(old)} → "
        self.fields.append(f"{name}: {was}{_shown(new)}")

    def __str__(self) -> str:
        what = f" ({'; '.join(self.fields)})" if self.fields else ""
        return f"{self.object} {self.name}: {self.action}{what}"


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case True | False:
            return "yes" if value else "no"
        case Decimal():
            return f"{value.normalize():f}"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
    return str(value)


def text(entry: Entry, mistakes: Mistakes, *, empty: bool = False) -> str | None:
    """The entry as text. A number without quotes is taken as it was written."""
    if entry.value is None and empty:
        return ""
    if isinstance(entry.value, bool | list | dict | type(None)):
        mistakes.at(entry, f"must be text, not {entry.kind}.")
        return None
    found = (entry.value if isinstance(entry.value, str) else entry.raw).strip()
    if "\x00" in found:
        mistakes.at(entry, "must not contain a zero byte.")
        return None
    if not found and not empty:
        mistakes.at(entry, "must not be empty.")
        return None
    return found


def yes(entry: Entry, mistakes: Mistakes) -> bool | None:
    if isinstance(entry.value, bool):
        return entry.value
    mistakes.at(entry, f"must be true or false, not {entry.kind}.")
    return None


def whole(entry: Entry, mistakes: Mistakes) -> int | None:
    """A whole number of at least 1."""
    if isinstance(entry.value, int) and not isinstance(entry.value, bool):
        if 1 <= entry.value <= 2_147_483_647:
            return entry.value
        mistakes.at(entry, "must be at least 1." if entry.value < 1 else "is too large.")
        return None
    mistakes.at(entry, f"must be a whole number, not {_not(entry)}.")
    return None


def number(entry: Entry, mistakes: Mistakes) -> Decimal | None:
    """Any number that ends somewhere."""
    if isinstance(entry.value, int | float) and not isinstance(entry.value, bool):
        found = Decimal(str(entry.value))
        if found.is_finite():
            return found
    mistakes.at(entry, f"must be a number like 10 or 0.5, not {_not(entry)}.")
    return None


def _not(entry: Entry) -> str:
    return f"{entry.raw!r}" if entry.raw else entry.kind


def url(entry: Entry, mistakes: Mistakes, *, empty: bool = False) -> str | None:
    """An http(s) address that we may send requests to."""
    found = text(entry, mistakes, empty=empty)
    if not found:
        return found
    try:
        private = settings.ALLOW_PRIVATE_ADDRESSES
        check_url(found, allow_private=private, unknown_passes=True)
    except ValueError as error:
        said = str(error)
        if "private address" in said:
            said += " ALLOW_PRIVATE_ADDRESSES=on permits it."
        mistakes.at(entry, said)
        return None
    return found


def assign(
    instance: Model, wanted: dict[str, Any], entry: Entry, change: Change, mistakes: Mistakes
) -> list[str]:
    """Give the object these attributes, validated by its fields; returns the names that changed.

    A mistake is told at the key of the attribute's name, else at the entry.
    """
    changed = []
    for name, value in wanted.items():
        model_field = instance._meta.get_field(name)
        try:
            value = model_field.clean(value, instance)
        except ValidationError as error:
            mistakes.at(entry.or_self(name), texts(error))
            continue
        old = getattr(instance, name)
        if instance._state.adding or old != value:
            setattr(instance, name, value)
            change.note(name, old, value)
            changed.append(name)
    return changed
