"""Tells the doors' callers what became of what they asked for."""

from __future__ import annotations

from collections.abc import Iterable

from . import bulk
from .exchanges import PlatformEvent

REPORT = 30032  # the Open API's number for the outcome of a message


def report(messages: Iterable[int]) -> int:
    """Queue a report for those of the messages whose caller gave an address for it.

    Call it in the transaction that changed the messages; returns how many reports there are.
    """
    asked = [{"id": pk} for pk in sorted(set(messages))]
    if not asked:
        return 0
    found = bulk.run(
        "SELECT d.receiver_id, m.session_id, m.id, e.report_url, m.status "
        f"FROM ({bulk.source({'id': bulk.INT})}) AS i "
        "JOIN routing_errand AS e ON e.message_id = i.id "
        "JOIN routing_door AS d ON d.id = e.door_id "
        "JOIN routing_message AS m ON m.id = e.message_id "
        "WHERE NOT (e.report_url = '') AND d.receiver_id IS NOT NULL",
        bulk.rows(asked),
    )
    PlatformEvent.objects.bulk_create(
        PlatformEvent(
            platform_id=receiver,
            session_id=session,
            message_id=message,
            type=REPORT,
            url=url,
            content={"status": status},
        )
        for receiver, session, message, url, status in found
    )
    return len(found)
