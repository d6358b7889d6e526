"""The figures beside each channel: what it sent and received in a period, and what waits now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Sum

from channels_app.models import Channel
from routing.models import HourCount, Message

from .periods import Period


@dataclass
class Figures:
    received: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    waiting: int = 0


def add_figures(channels: Iterable[Channel], period: Period) -> None:
    """Give each channel its ``figures``: two queries, however many channels there are."""
    by_pk = {channel.pk: Figures() for channel in channels}
    counted = HourCount.objects.filter(channel__in=by_pk, **period.hours).values("channel")
    names = ("received", "sent", "delivered", "failed")
    for row in counted.order_by().annotate(**{f"all_{name}": Sum(name) for name in names}):
        by_pk[row["channel"]] = Figures(**{name: row[f"all_{name}"] for name in names})
    waiting = Message.objects.filter(status=Message.QUEUED, channel__in=by_pk).order_by()
    for row in waiting.values("channel").annotate(count=Count("pk")):
        by_pk[row["channel"]].waiting = row["count"]
    for channel in channels:
        channel.figures = by_pk[channel.pk]  # type: ignore[attr-defined]
