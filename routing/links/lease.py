"""Leases: which process holds a channel's session, and until when.

Times are the database's own, so that the clocks of several hosts need not agree. Every change is
one conditional update that tells whether this call made it.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.db.models.functions import Now

from channels_app.models import Channel, LinkState
from providers import registry


def new_holder() -> str:
    """A name for this process, never used before or again."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(6)}"


def _end() -> Any:
    return Now() + timedelta(seconds=settings.LINK_LEASE_SECONDS)


_FREE = Q(holder="") | Q(held_until=None) | Q(held_until__lt=Now())
_CHANNEL_FREE = (
    Q(link_state=None)
    | Q(link_state__holder="")
    | Q(link_state__held_until=None)
    | Q(link_state__held_until__lt=Now())
)


def wanted() -> QuerySet[Channel]:
    """The channels that need a links process; ``free`` tells whether any may take them."""
    slugs = [s for s in registry.slugs() if _needs_link(registry.get(s))]
    free = Case(When(_CHANNEL_FREE, then=Value(True)), default=False, output_field=BooleanField())
    return Channel.objects.filter(provider__in=slugs, paused=False).annotate(free=free)


def _needs_link(provider: Any) -> bool:
    return provider.linked or provider.collects_every is not None


def take(channel: int, holder: str) -> bool:
    """Take a channel that nobody holds; returns whether this call did."""
    LinkState.objects.bulk_create([LinkState(channel_id=channel)], ignore_conflicts=True)
    found = LinkState.objects.filter(_FREE, channel=channel)
    return bool(found.update(holder=holder, held_until=_end()))


def renew(channels: Iterable[int], holder: str) -> set[int]:
    """Hold these channels for longer; returns those that are still this holder's."""
    mine = LinkState.objects.filter(channel__in=list(channels), holder=holder)
    mine.filter(held_until__gt=Now()).update(held_until=_end())
    return set(mine.filter(held_until__gt=Now()).values_list("channel", flat=True))


def give_back(channel: int, holder: str) -> None:
    """Let others take the channel at once."""
    LinkState.objects.filter(channel=channel, holder=holder).update(holder="", held_until=None)
