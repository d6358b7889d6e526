"""Applies a file: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from channels_app.models import Channel

from ..models import Door, Platform
from .categories import categories
from .channels import channels
from .doors import MadeDoor, doors
from .mistakes import NotApplied
from .open_api import platforms_of_doors
from .people import extensions, queues
from .platforms import platforms
from .reading import Entry, keys, read
from .story import Story
from .values import Change

KEYS = ("extensions", "queues", "categories", "platforms", "channels", "doors")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file, and of the channels and platforms that it names."""

    channels: list[Channel]
    platforms: list[Platform]
    doors: list[MadeDoor]
    changes: list[Change]
    warnings: list[str]
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The outcome for JSON. What a dry run would have made has no address or secret yet."""
        made = {(c.object, c.name) for c in self.changes if c.action == "created"}
        unmade = made if self.dry_run else set()
        return {
            "channels": [
                {
                    "name": each.name,
                    "provider": each.provider,
                    "webhook_url": None if ("channel", each.name) in unmade else each.webhook_url,
                }
                for each in self.channels
            ],
            "platforms": [
                {
                    "name": each.name,
                    "secret": None if ("platform", each.name) in unmade else each.secret,
                }
                for each in self.platforms
            ],
            "doors": [self._door(each) for each in self.doors],
            "changes": [
                {"object": c.object, "name": c.name, "action": c.action, "fields": c.fields}
                for c in self.changes
            ],
        }

    def _door(self, made: MadeDoor) -> dict[str, Any]:
        """A door with what was made for it, which is never shown again."""
        found = {"name": made.door.name, "kind": made.door.kind, "urls": made.door.urls}
        if made.door.kind == Door.OPENAPI:
            found["client_id"] = made.door.client_id
        for name, value in ((made.key_name, made.key), ("secret", made.secret)):
            if value:
                found[name] = None if self.dry_run else value
        return found


def apply(text: str, *, dry_run: bool = False) -> Outcome:
    """Create and update what the YAML names; what it does not name is left alone.

    A dry run does all of it and takes it back. Raises NotApplied with every mistake.
    """
    story = Story()
    root = read(text, story.mistakes) or Entry({}, 1, "")  # then there is a mistake already
    keys(root, KEYS, story.mistakes)
    part = root.value.get
    try:
        with transaction.atomic():
            extensions(part("extensions"), story)
            queues(part("queues"), story)
            categories(part("categories"), story)
            named_platforms = platforms(part("platforms"), story)
            platforms_of_doors(part("doors"))
            named_channels = channels(part("channels"), story)
            named_doors = doors(part("doors"), story)
            story.mistakes.raise_any()
            if dry_run:
                transaction.set_rollback(True)
    except IntegrityError as error:
        raise NotApplied([f"somebody else changed the same thing; try again ({error})."]) from error
    warnings = story.mistakes.warnings
    return Outcome(named_channels, named_platforms, named_doors, story.changes, warnings, dry_run)
