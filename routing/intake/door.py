"""A channel as its webhook needs it: credentials, numbers and rules, kept for a moment."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic

from django.conf import settings

from channels_app.fields import address, without_prefix
from channels_app.models import Channel
from providers.base import Provider

from ..models import Rule, receivers_of


@dataclass(frozen=True, slots=True)
class Place:
    """One of our numbers, and where its messages go."""

    number: int
    extension: int | None
    queue: int | None
    platform: int | None
    receivers: tuple[int, ...] = ()  # of the doors that have this number


@dataclass(slots=True)
class Door:
    """A channel with its adapter and places. Its settings may be CHANNEL_CACHE_SECONDS old."""

    channel: Channel
    adapter: Provider
    secrets: list[str]
    places: dict[str, Place]
    loaded: float
    prefixes: tuple[str, ...] = ()

    def plain(self, number: str) -> str:
        """A received number without the channel's prefixes."""
        return without_prefix(number, self.prefixes, settings.PHONE_REGION)

    def place(self, number: str) -> Place | None:
        """The place of one of our numbers, however the provider writes it."""
        return self.places.get(number) or self.places.get(address(number))


_doors: dict[tuple[str, str], Door] = {}
_lock = threading.Lock()


def door_of(provider: str, token: str, *, fresh: bool = False) -> Door | None:
    """The door at a webhook's address; None if nobody lives there. ``fresh``: as it is now."""
    if not fresh and (door := known(provider, token)):
        return door
    with _lock:  # of many requests that find it old, one looks
        if not fresh and (door := known(provider, token)):
            return door
        door = _load(provider, token)
        if door is None:
            _doors.pop((provider, token), None)
        else:
            _doors[provider, token] = door
        return door


def known(provider: str, token: str) -> Door | None:
    """The door if it needs no look into the database."""
    door = _doors.get((provider, token))
    if door is not None and monotonic() - door.loaded < settings.CHANNEL_CACHE_SECONDS:
        return door
    return None


def _load(provider: str, token: str) -> Door | None:
    channel = Channel.objects.filter(provider=provider, webhook_token=token).first()
    if channel is None:
        return None
    try:
        adapter = channel.adapter
    except KeyError:
        return None
    rules = Rule.objects.filter(number__channel=channel).values_list(
        "number__value", "number", "extension", "queue", "platform"
    )
    told = receivers_of(channel)
    places = {value: Place(*ids, told.get(ids[0], ())) for value, *ids in rules}
    return Door(channel, adapter, channel.secret_values, places, monotonic(), channel.prefix_list)
