"""Channels."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from channels_app.models import Channel
from providers import registry

from .credentials import credentials
from .mistakes import Mistakes, suggestion
from .numbers import numbers
from .reading import Entry, items, keys
from .story import Story
from .values import Change, assign, number, text, url, whole, yes

CHANNEL_KEYS = (
    *("name", "provider", "credentials", "webhook_token"),
    *Channel.SETTINGS,
    "numbers",
)


def channels(entry: Entry | None, story: Story) -> list[Channel]:
    """Create or update the channels of the list; returns them."""
    done = []
    for each in items(entry, story.mistakes):
        if not keys(each, CHANNEL_KEYS, story.mistakes):
            continue
        if (name := story.name(each, "name", "channel")) and (made := _channel(each, name, story)):
            done.append(made)
    return done


def _channel(entry: Entry, name: str, story: Story) -> Channel | None:
    found = Channel.objects.filter(name=name).first()
    change = Change("channel", name, "updated" if found else "created")
    before = len(story.mistakes)
    slug = _provider(entry, found, story)
    if slug is None:
        numbers(entry.value.get("numbers"), found or Channel(name=name), story)
        return None
    channel = found or _new(name, slug)
    wanted = _wanted(entry, story)
    if not found:
        suggested = {"rate": channel.rate, "prefixes": channel.prefixes}
        wanted = {"name": name, "provider": slug} | suggested | wanted
    changed = assign(channel, wanted, entry, change, story.mistakes)
    changed += _token(entry, channel, change, story)
    if credentials(entry, channel, change, story) or "api_address" in changed:
        channel.fault, channel.proved_at = "", None  # nothing has proved these yet
        changed += ["credentials", "fault", "proved_at"]
    if len(story.mistakes) == before:
        if "default_outgoing" in changed and channel.default_outgoing:
            channel.become_default()
        if not found:
            channel.save()
        elif changed:
            channel.save(update_fields=changed)
        story.did(change)
    numbers(entry.value.get("numbers"), channel, story)
    return channel


def _new(name: str, slug: str) -> Channel:
    provider = registry.get(slug)
    return Channel(
        name=name,
        provider=slug,
        rate=Decimal(str(provider.default_rate)),
        in_flight=provider.default_in_flight,
        prefixes=provider.default_prefixes,
    )


def _provider(entry: Entry, found: Channel | None, story: Story) -> str | None:
    if "provider" not in entry:
        if found is None:
            story.missing(entry, "provider", "a new channel needs one")
        return found.provider if found else None
    slug = text(entry["provider"], story.mistakes)
    if slug is None:
        return None
    if slug not in registry.slugs():
        known = suggestion(slug, registry.slugs())
        story.mistakes.at(entry["provider"], f"there is no provider {slug!r}{known}")
        return None
    if found and slug != found.provider:
        story.mistakes.at(
            entry["provider"],
            f"a channel cannot change its provider; {found.name!r} is with {found.provider}. "
            "Make a new channel.",
        )
        return None
    return slug


def _words(entry: Entry, mistakes: Mistakes) -> str | None:
    return text(entry, mistakes, empty=True)


#: How each kind of setting is read, and those that differ from their kind.
READ: dict[str, Callable[[Entry, Mistakes], Any]] = {
    "BooleanField": yes,
    "CharField": _words,
    "DecimalField": number,
    "PositiveIntegerField": whole,
    "api_address": lambda entry, mistakes: url(entry, mistakes, empty=True),
}
#: Settings that are lists in the file, and what they have between their words in the database.
LISTS = {"allowed_addresses": " ", "prefixes": ", "}


def _wanted(entry: Entry, story: Story) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    for name in Channel.SETTINGS:
        if name not in entry:
            continue
        given, kind = entry[name], Channel._meta.get_field(name)
        if name in LISTS:
            many = given.value if isinstance(given.value, list) else [given]
            found = [text(each, story.mistakes, empty=True) for each in many]
            wanted[name] = LISTS[name].join(each for each in found if each)
        elif kind.null and given.value is None:
            wanted[name] = None
        else:
            read = READ.get(name) or READ[kind.get_internal_type()]
            if (value := read(given, story.mistakes)) is not None:
                wanted[name] = value
    if wanted.get("default_outgoing"):
        story.once(entry["default_outgoing"], "default channel")
    return wanted


def _token(entry: Entry, channel: Channel, change: Change, story: Story) -> list[str]:
    """Take over the secret part of the webhook address from the file."""
    if "webhook_token" not in entry:
        return []
    token = text(entry["webhook_token"], story.mistakes)
    if token is None or token == channel.webhook_token:
        return []
    place = entry["webhook_token"]
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        story.mistakes.at(place, "must be 32 hexadecimal digits, in lower case.")
    elif other := Channel.objects.filter(webhook_token=token).exclude(pk=channel.pk).first():
        story.mistakes.at(place, f"is the address of the channel {other.name!r} already.")
    else:
        channel.webhook_token = token
        change.fields.append("webhook_token")
        return ["webhook_token"]
    return []
