"""Systems at the Open API are platforms too: numbers may lead to one that the same file makes."""

from __future__ import annotations

from ..models import Door, Platform
from .reading import Entry


def platforms_of_doors(entry: Entry | None) -> None:
    """Make the platforms of the file's new doors, so that its numbers can name them.

    What is wrong with a door is told when it is made itself.
    """
    listed = entry.value if entry is not None and isinstance(entry.value, list) else []
    for each in listed:
        if not isinstance(each.value, dict) or not {"name", "kind"} <= set(each.value):
            continue
        name, kind = each["name"].value, each["kind"].value
        if kind != Door.OPENAPI or not isinstance(name, str) or not 0 < len(name) <= 127:
            continue
        known = Platform.everyone.filter(name=name) or Door.objects.filter(name=name)
        if not known.exists():
            Platform.everyone.create(name=name, form=Platform.OPENAPI)
