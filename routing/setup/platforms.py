"""Third-party platforms."""

from __future__ import annotations

from typing import Any

from ..models import Platform
from .reading import Entry, items, keys
from .story import Story
from .values import Change, assign, text, url

PLATFORM_KEYS = ("name", "url", "secret")
SHORTEST_SECRET = 16


def platforms(entry: Entry | None, story: Story) -> list[Platform]:
    """Create or update the platforms of the list; returns them."""
    done = []
    for each in items(entry, story.mistakes):
        if not keys(each, PLATFORM_KEYS, story.mistakes):
            continue
        if (name := story.name(each, "name", "platform")) and (
            made := _platform(each, name, story)
        ):
            done.append(made)
    return done


def _platform(entry: Entry, name: str, story: Story) -> Platform | None:
    found = Platform.objects.filter(name=name).first()
    if found and found.form == Platform.OPENAPI:
        story.mistakes.at(entry["name"], f"{name!r} is a door of the Open API already.")
        return None
    platform = found or Platform(name=name)
    change = Change("platform", name, "updated" if found else "created")
    before = len(story.mistakes)
    wanted: dict[str, Any] = {} if found else {"name": name}
    if "url" in entry:
        address = url(entry["url"], story.mistakes)
        if address is not None:
            wanted["url"] = address
    elif not found:
        story.missing(entry, "url", "a new platform needs an address")
    changed = assign(platform, wanted, entry, change, story.mistakes)
    secrets = _secrets(entry, story)
    if secrets and secrets != platform.keys[: len(secrets)]:
        platform.keys = secrets
        change.fields.append("secret")
    if len(story.mistakes) > before:
        return None
    if change.fields or changed or not found:
        platform.save()
    story.did(change)
    return platform


def _secrets(entry: Entry, story: Story) -> list[str]:
    """The key to sign with and, while it replaces another, those that were valid before."""
    if "secret" not in entry:
        return []
    given = entry["secret"]
    many = given.value if isinstance(given.value, list) else [given]
    found = []
    for each in many:
        secret = text(each, story.mistakes)
        if secret is not None and len(secret) < SHORTEST_SECRET:
            story.mistakes.at(each, f"must have at least {SHORTEST_SECRET} characters.")
        elif secret:
            found.append(secret)
    return found
