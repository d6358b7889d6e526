"""What chat networks have in common: places as text, sizes as numbers."""

from __future__ import annotations

from typing import Any

from ..reading import field_of

MAP = "https://maps.google.com/?q="


def place(found: Any, latitude: str, longitude: str, *names: str) -> str:
    """A place as text: what it is called, and a link to a map; "" if there is none.

    The others are the network's names of the fields.
    """
    where = [field_of(found, latitude), field_of(found, longitude)]
    if not all(where):
        return ""
    return "\n".join(
        [*filter(None, (field_of(found, name) for name in names)), MAP + ",".join(where)]
    )


def size_of(found: Any, name: str) -> int | None:
    """The number of bytes that a field tells; None if it tells none that can be meant."""
    told = field_of(found, name)
    return int(told) if told.isascii() and told.isdigit() and len(told) < 13 else None
