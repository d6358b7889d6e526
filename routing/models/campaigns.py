"""Campaigns: one text to many customers. Recipients are rows; the outbox gets a few at a time.

What became of a recipient follows its message, in the transaction that changes the message; the
counts of each state are kept beside, so that no page ever counts rows.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Channel, Number, Template

from .messages import Message
from .rules import Extension, Queue

#: The states of recipients: before there is a message, then what became of it.
ROW_STATES = {
    "waiting": "Waiting",
    "queued": "In the outbox",
    Message.SENT: "Sent",
    Message.DELIVERED: "Delivered",
    Message.READ: "Read",
    Message.FAILED: "Failed",
    Message.UNKNOWN: "Unknown",
    "left_out": "Left out",
}


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def kept(self) -> CampaignQuerySet:
        """Without those that are being deleted."""
        return self.filter(deleted_at=None)

    def move(self, state: str, **changes: Any) -> int:
        """Give these a state that may follow theirs; returns how many changed."""
        return self.filter(state__in=FOLLOWS[state], deleted_at=None).update(state=state, **changes)


class Campaign(models.Model):
    """One text, a list of recipients, a time. Its progress is the sum of its recipients' states."""

    DRAFT, SCHEDULED, RUNNING = "draft", "scheduled", "running"
    PAUSED, STOPPED, DONE = "paused", "stopped", "done"
    STATES = {
        DRAFT: "Draft",
        SCHEDULED: "Scheduled",
        RUNNING: "Sending",
        PAUSED: "Paused",
        STOPPED: "Stopped",
        DONE: "Done",
    }

    DIRECT, SESSIONS = "direct", "sessions"
    MODES = {
        DIRECT: "Only send: a session appears when the customer answers",
        SESSIONS: "Open a session with each recipient at once",
    }

    name = models.CharField(max_length=127)
    number = models.ForeignKey(
        Number,
        models.PROTECT,
        related_name="campaigns",
        verbose_name="sender",
        help_text="The number that the messages leave from.",
    )
    state = models.CharField(max_length=9, choices=STATES, default=DRAFT, editable=False)

    text = models.TextField(
        blank=True, help_text="{{column}} stands for what the recipient's row has in that column."
    )
    #: An approved template instead of the text, and what fills its variables: texts as above.
    template = models.ForeignKey(Template, models.SET_NULL, null=True, blank=True)
    values = models.JSONField(default=list, blank=True)
    file = models.FileField(upload_to="campaigns/%Y/%m", blank=True, max_length=255)
    file_name = models.CharField(max_length=255, blank=True, editable=False)
    file_type = models.CharField(max_length=127, blank=True, editable=False)
    file_size = models.PositiveBigIntegerField(default=0, editable=False)

    mode = models.CharField("sessions", max_length=8, choices=MODES, default=DIRECT)
    #: Who gets the sessions that are opened at once; neither: whoever the number's rule names.
    extension = models.ForeignKey(Extension, models.SET_NULL, null=True, blank=True)
    queue = models.ForeignKey(Queue, models.SET_NULL, null=True, blank=True)

    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: at once.")
    #: The time zone in which the start was chosen, and is shown.
    zone = models.CharField("time zone", max_length=64, blank=True)

    #: The list that is being read: kept until it is read to its end.
    list_file = models.FileField(upload_to="campaigns/lists", blank=True, editable=False)
    list_size = models.PositiveBigIntegerField(default=0, editable=False)
    list_read = models.PositiveBigIntegerField(default=0, editable=False)  # bytes, roughly
    list_from = models.PositiveIntegerField(default=0, editable=False)  # lines of earlier lists
    lines_read = models.PositiveIntegerField(default=0, editable=False)  # of all its lists
    #: Whether the recipients there are must go before the list is read.
    clearing = models.BooleanField(default=False, editable=False)
    list_fault = models.CharField(max_length=500, blank=True, editable=False)
    #: The country of numbers without a country code ("CH"), and the column that has the numbers.
    region = models.CharField("country", max_length=2, blank=True)
    number_column = models.CharField(max_length=200, blank=True)
    columns = models.JSONField(default=list, editable=False)

    #: Another campaign whose recipients are still being copied: all, or those who got nothing.
    copies = models.ForeignKey("self", models.SET_NULL, null=True, editable=False, related_name="+")
    copies_unsent = models.BooleanField(default=False, editable=False)

    #: How far the recipients are checked against the text and the channel; the last row's key.
    checked_to = models.BigIntegerField(default=0, editable=False)
    checked = models.BooleanField(default=False, editable=False)
    segments = models.PositiveBigIntegerField(default=0, editable=False)
    #: How far failed ones have been tried again; None if nobody asked for it.
    retried_to = models.BigIntegerField(null=True, editable=False)
    answered = models.PositiveIntegerField(default=0, editable=False)
    #: Which customers' messages have been looked at for answers.
    answers_to = models.BigIntegerField(default=0, editable=False)

    created_by = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["state"],
                name="campaign_at_work",
                condition=Q(state__in=["scheduled", "running", "paused"]),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def channel(self) -> Channel:
        return self.number.channel

    @property
    def is_reading(self) -> bool:
        """Whether its list is not read to the end yet."""
        return bool(self.list_file or self.copies_id) and not self.list_fault

    @property
    def is_retrying(self) -> bool:
        return self.state == self.RUNNING and self.retried_to is not None

    @property
    def region_or_default(self) -> str:
        return self.region or settings.PHONE_REGION

    def counts(self) -> dict[str, int]:
        """How many recipients there are in each state; every state is there."""
        return dict.fromkeys(ROW_STATES, 0) | {
            each.state: each.number for each in self.state_counts.all()
        }

    def move(self, state: str, **changes: Any) -> bool:
        """Go to a state that may follow the present one; returns whether this call did it."""
        if not Campaign.objects.filter(pk=self.pk).move(state, **changes):
            return False
        self.state = state
        for name, value in changes.items():
            setattr(self, name, value)
        return True


#: From which states each one may be reached.
FOLLOWS: dict[str, tuple[str, ...]] = {
    Campaign.DRAFT: (Campaign.SCHEDULED,),
    Campaign.SCHEDULED: (Campaign.DRAFT, Campaign.SCHEDULED),
    Campaign.RUNNING: (
        Campaign.DRAFT,
        Campaign.SCHEDULED,
        Campaign.PAUSED,
        Campaign.DONE,  # failed ones are tried again
    ),
    Campaign.PAUSED: (Campaign.RUNNING, Campaign.SCHEDULED),
    Campaign.STOPPED: (Campaign.RUNNING, Campaign.PAUSED, Campaign.SCHEDULED),
    Campaign.DONE: (Campaign.RUNNING,),
}
