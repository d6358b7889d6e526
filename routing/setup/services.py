"""Services at the REST API: the doors of that kind have scopes."""

from __future__ import annotations

from ..models import Door
from ..models.tokens import SCOPES
from .mistakes import suggestion
from .reading import Entry, items
from .story import Story
from .values import Change, text


def service(entry: Entry, door: Door, change: Change, story: Story) -> None:
    """Give a service the scopes of the file."""
    if door.kind != Door.REST:
        if "scopes" in entry:
            story.mistakes.at(entry["scopes"], f"{door.get_kind_display()} knows no scopes.")
        return
    if "webhook" in entry:
        story.mistakes.at(entry["webhook"], "is made by the service itself, at /api/v1/webhooks.")
    if "scopes" in entry:
        scopes = [_scope(each, story) for each in items(entry["scopes"], story.mistakes)]
        found = sorted({each for each in scopes if each})
        if found != sorted(door.scopes):
            change.note("scopes", sorted(door.scopes), found)
            door.scopes = found


def _scope(entry: Entry, story: Story) -> str | None:
    found = text(entry, story.mistakes)
    if found is not None and found not in SCOPES:
        known = suggestion(found, SCOPES)
        story.mistakes.at(entry, f"there is no scope {found!r}{known}")
        return None
    return found
