"""Counts by hour, so that no list ever counts messages."""

from __future__ import annotations

from django.db import models

from channels_app.models import Channel


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
