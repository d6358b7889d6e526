"""Messages on their way into the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from channels_app.fields import address
from channels_app.models import Channel
from providers.base import Inbound

from .. import files
from ..models import Attachment, Customer
from .door import Door, Place

GUESS_SECONDS = 60  # how long an equal message without id and time is taken for a repetition


@dataclass(slots=True)
class Letter:
    """A message on its way into the database, and once filed what became of it."""

    channel: Channel
    place: Place
    inbound: Inbound
    at: datetime
    channel_id: int = 0
    sender: str = ""
    provider_id: str = ""
    earlier_id: str = ""
    customer: int = 0
    session: int = 0
    message: int = 0
    duplicate: bool = False
    stranger: bool = False  # nobody knew the customer before
    holder: int | None = None
    queue: int | None = None
    platform: int | None = None
    media: tuple[Any, ...] = field(default=())
    files: list[Attachment] = field(default_factory=list)

    def __post_init__(self) -> None:
        inbound = self.inbound
        self.channel_id = self.channel.pk
        phone = self.channel.provider_class.network == Customer.PHONE
        self.sender = address(inbound.sender) if phone else inbound.sender[:255]
        self.media = inbound.media
        self.provider_id = inbound.provider_id[:255].replace("\x00", "")
        if not self.provider_id:
            self.provider_id, self.earlier_id = _guessed_ids(inbound, self.sender, self.at)

    def arrived(self, at: datetime) -> None:
        """Take it for one that came at another time than now."""
        self.at = at
        self.__post_init__()

    def keep_files(self) -> None:
        """Store the bytes of its files, ahead of the transaction: a storage may be slow."""
        provider = self.channel.provider_class
        try:
            for media in self.media[len(self.files) :]:
                self.files.append(files.arrived(provider, media))
        except BaseException:
            files.drop(self.files)
            raise

    @property
    def told(self) -> tuple[int, ...]:
        """Who gets an event: the platform that has the session, and the doors of the number."""
        return (*((self.platform,) if self.platform else ()), *self.place.receivers)

    @property
    def network(self) -> str:
        return self.channel.provider_class.network

    @property
    def wrote_at(self) -> datetime:
        """When the customer wrote: by the network's clock, where it tells a past time."""
        sent_at = self.inbound.sent_at
        return sent_at if sent_at and sent_at.tzinfo and sent_at < self.at else self.at

    @property
    def preview(self) -> str:
        text = self.inbound.text or (self.media and (self.media[0].name or "File")) or ""
        return text[:200]


def _guessed_ids(inbound: Inbound, sender: str, at: datetime) -> tuple[str, str]:
    """Stand-ins for a missing id, marked by "~": of now, and of the moment before."""
    parts = [sender, inbound.recipient, inbound.text, inbound.raw]
    parts += [each.url or hashlib.sha256(each.content or b"").hexdigest() for each in inbound.media]
    if inbound.sent_at:
        parts.append(inbound.sent_at.isoformat())
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:40]
    if inbound.sent_at:
        return f"~{digest}", ""
    moment = int(at.timestamp() // GUESS_SECONDS)
    return f"~{digest}.{moment}", f"~{digest}.{moment - 1}"


def address_letters(door: Door, events: Iterable[Inbound]) -> tuple[list[Letter], list[Inbound]]:
    """Letters for the messages to numbers that are set up, and the other messages."""
    letters, lost = [], []
    for event in events:
        if door.prefixes:
            event = replace(
                event,
                sender=door.plain(event.sender),
                recipient=door.plain(event.recipient),
                others=tuple(map(door.plain, event.others)),
            )
        place = next(filter(None, map(door.place, (event.recipient, *event.others))), None)
        if place is None:
            lost.append(event)
        else:
            letters.append(Letter(door.channel, place, event, timezone.now()))
    return letters, lost
