"""Counts by hour, so that no list ever counts messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import models

from channels_app.models import Channel

from . import bulk


class HourCount(models.Model):
    """What a channel did within one hour. Hours, so that a day can begin in any time zone.

    A sent message counts in the hour in which it left (or was refused); its later delivery counts
    in that same hour, so that no period shows more delivered than sent.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="counts", db_index=False)
    hour = models.DateTimeField(help_text="The beginning of the hour, UTC.")
    received = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0, help_text="All: delivered, failed and others.")
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "hour"], name="one_count_per_hour")
        ]


def add(changes: Iterable[tuple[int, datetime, str, int]]) -> None:
    """Add to the counts: (channel, time, "received" | "sent" | "delivered" | "failed", how many).

    Call it last in a transaction: it locks the rows of the hour.
    """
    totals: dict[tuple[int, datetime], dict[str, int]] = {}
    for channel, at, column, number in changes:
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        counts = totals.setdefault((channel, hour), dict.fromkeys(_COLUMNS, 0))
        counts[column] += number
    if not totals:
        return
    items = [
        {"channel_id": channel, "hour": bulk.stamp(hour), **counts}
        for (channel, hour), counts in sorted(totals.items())
    ]
    bulk.run(
        f"INSERT INTO routing_hourcount (channel_id, hour, {', '.join(_COLUMNS)}) "
        f"SELECT channel_id, hour, {', '.join(_COLUMNS)} FROM ({bulk.source(_SOURCE)}) AS i "
        "WHERE true ORDER BY channel_id, hour ON CONFLICT (channel_id, hour) DO UPDATE SET "
        + ", ".join(f"{c} = routing_hourcount.{c} + excluded.{c}" for c in _COLUMNS),
        bulk.rows(items),
    )


_COLUMNS = ("received", "sent", "delivered", "failed")
_SOURCE = {"channel_id": bulk.INT, "hour": bulk.TIME, **dict.fromkeys(_COLUMNS, bulk.INT)}
