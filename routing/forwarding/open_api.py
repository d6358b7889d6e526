"""How a system at the Open API is told: every event it may hear, and its webhooks.

An event without an address is the door's own: who listens by WebSocket reads it in the database,
and here it is spread, one for each of the door's webhooks that wants it. Each webhook is a line of
its own, so that a slow one holds up nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from providers.base import Call

from ..models import Door, OpenTarget, Platform, PlatformEvent
from ..models.errands import ERROR, INFO, READ, REPORT, WARNING
from . import platform, records

LEVELS = {INFO: "info", WARNING: "warn", ERROR: "error"}
MESSAGE = 30031
TOPICS = (MESSAGE, REPORT, *LEVELS, READ)


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook: which events go where, by which method, signed with what."""

    url: str
    secret: str
    method: str = "POST"
    event_ids: tuple[int, ...] = ()  # empty: all

    def wants(self, kind: int) -> bool:
        return not self.event_ids or kind in self.event_ids


def targets(door: Door) -> list[Target]:
    """The door's webhooks: the receiver's own address first."""
    receiver = door.receiver
    if receiver is None:
        return []
    found = []
    more = {each.place: each for each in door.targets.all()}
    if receiver.url:
        first = more.get(0) or OpenTarget(place=0)
        found.append(Target(receiver.url, receiver.secret, first.method, tuple(first.event_ids)))
    rest = [more[place] for place in sorted(more) if place]
    return found + [Target(t.url, t.keys[0], t.method, tuple(t.event_ids)) for t in rest]


def spreads(event: PlatformEvent) -> bool:
    """Whether this is the door's own event, which nobody is called for."""
    return event.platform.form == Platform.OPENAPI and not event.url


def spread(event: PlatformEvent) -> bool:
    """Make an event for each webhook that wants this one; returns whether this call did it."""
    with transaction.atomic():
        mine = PlatformEvent.objects.filter(pk=event.pk, done_at=None, failed_at=None)
        if not mine.update(done_at=timezone.now(), reason=""):
            return False
        door = Door.objects.filter(receiver=event.platform_id).first()
        PlatformEvent.objects.bulk_create(
            PlatformEvent(
                platform_id=event.platform_id,
                session_id=event.session_id,
                message_id=event.message_id,
                type=event.type,
                url=target.url,
                content=event.content,
                created_at=event.created_at,
            )
            for target in (targets(door) if door else ())
            if target.wants(event.type)
        )
    return True


def body(event: PlatformEvent) -> bytes:
    """The event in its envelope: ``{"type", "sn", "msg": "<JSON>"}``."""
    return platform.envelope(event.type, _said(event))


def _said(event: PlatformEvent) -> dict[str, Any]:
    content = event.content or {}
    at = int(event.created_at.timestamp())
    if event.type in LEVELS:
        return {**content, "event_level": LEVELS[event.type], "create_time": at}
    message = event.message
    if event.type == MESSAGE:  # with what 30032 has besides
        return {**platform.told(event), **(records.record(message) if message else {})}
    assert message is not None  # only what became of a message is left
    if event.type == READ:
        read = {"read_msg_id": message.pk, "user_id": 0, "read_time": at}
        return {"data": {"session_id": event.session_id, **read}}
    return records.record(message, content.get("status", ""))


def call(event: PlatformEvent) -> Call:
    """The signed request to one of the door's webhooks."""
    door = event.platform.door
    found = [each for each in targets(door) if each.url == event.url]
    target = found[0] if found else Target(event.url, event.platform.secret)
    said = body(event)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Signature": platform.sign(target.secret, said),
    }
    return Call(target.method, target.url, body=said, headers=headers)
