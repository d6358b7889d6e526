"""Tells the doors' callers what became of what they asked for, and of what goes on here."""

from __future__ import annotations

from collections.abc import Iterable

from channels_app.models import Channel

from . import bulk
from .doors import Door
from .exchanges import PlatformEvent
from .messages import Message

REPORT = 30032  # the Open API's number for the outcome of a message
READ = 30038
INFO, WARNING, ERROR = 30034, 30035, 30036


def report(messages: Iterable[int]) -> set[int]:
    """Queue a report for those of the messages whose caller gave an address or listens always.

    Call it in the transaction that changed the messages; returns the receivers.
    """
    asked = [{"id": pk} for pk in sorted(set(messages))]
    if not asked:
        return set()
    found = bulk.run(
        "SELECT d.receiver_id, m.session_id, m.id, e.report_url, m.status, d.kind "
        f"FROM ({bulk.source({'id': bulk.INT})}) AS i "
        "JOIN routing_errand AS e ON e.message_id = i.id "
        "JOIN routing_door AS d ON d.id = e.door_id "
        "JOIN routing_message AS m ON m.id = e.message_id "
        f"WHERE (NOT (e.report_url = '') OR d.kind = '{Door.OPENAPI}') "
        "AND d.receiver_id IS NOT NULL ORDER BY m.id",
        bulk.rows(asked),
    )
    PlatformEvent.objects.bulk_create(
        PlatformEvent(
            platform_id=receiver,
            session_id=session,
            message_id=message,
            type=kind,
            url=url,
            content={"status": status},
        )
        for receiver, session, message, url, status, door in found
        for kind in _kinds(door, status)
    )
    return {receiver for receiver, *_ in found}


def _kinds(door: str, status: str) -> tuple[int, ...]:
    return (REPORT, READ) if door == Door.OPENAPI and status == Message.READ else (REPORT,)


def announce(
    level: int, name: str, kind: str, said: str, channel: Channel | None = None
) -> set[int]:
    """Queue a system event for every system at the Open API; returns the receivers.

    ``level`` is INFO, WARNING or ERROR. What concerns a channel is told to those alone who may use
    one of its numbers.
    """
    doors = Door.objects.filter(kind=Door.OPENAPI, active=True).exclude(receiver=None)
    told = {door.receiver_id for door in doors if channel is None or door.uses(channel)}
    content = {"event_name": name, "event_type": kind, "event_content": said[:500]}
    PlatformEvent.objects.bulk_create(
        PlatformEvent(platform_id=receiver, type=level, content=content)
        for receiver in sorted(told)
    )
    return told
