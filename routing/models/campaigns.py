"""Campaigns: one text to many customers. Recipients are rows; the outbox gets a few at a time.

What became of a recipient follows its message, in the transaction that changes the message; the
counts of each state are kept beside, so that no page ever counts rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Channel, Number, Template

from . import bulk
from .messages import Message
from .rules import Extension, Queue


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
        return bool(self.list_file) and not self.list_fault

    @property
    def is_retrying(self) -> bool:
        return self.state == self.RUNNING and self.retried_to is not None

    @property
    def region_or_default(self) -> str:
        return self.region or settings.PHONE_REGION

    def counts(self) -> dict[str, int]:
        """How many recipients there are in each state; every state is there."""
        found = dict.fromkeys(Recipient.STATES, 0)
        found.update({each.state: each.number for each in self.state_counts.all()})
        return found

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
    Campaign.SCHEDULED: (Campaign.DRAFT,),
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


class Recipient(models.Model):
    """One line of a campaign's list, and what became of it."""

    WAITING, QUEUED, LEFT_OUT = "waiting", "queued", "left_out"
    STATES = {
        WAITING: "Waiting",
        QUEUED: "In the outbox",
        Message.SENT: "Sent",
        Message.DELIVERED: "Delivered",
        Message.READ: "Read",
        Message.FAILED: "Failed",
        Message.UNKNOWN: "Unknown",
        LEFT_OUT: "Left out",
    }

    INVALID, DUPLICATE, VARIABLE, TEXT = "invalid", "duplicate", "variable", "text"
    OPTED_OUT, UNREACHABLE, WINDOW = "opted_out", "unreachable", "window"
    REASONS = {
        INVALID: "No valid number",
        DUPLICATE: "Twice in the list",
        VARIABLE: "A variable has no value",
        TEXT: "The channel does not take the text",
        OPTED_OUT: "Wants no messages",
        UNREACHABLE: "The channel cannot reach it",
        WINDOW: "Outside the time for free texts",
    }

    campaign = models.ForeignKey(
        Campaign, models.DO_NOTHING, related_name="recipients", db_index=False
    )
    line = models.PositiveIntegerField()
    given = models.CharField(max_length=64, blank=True)  # as the list has it
    address = models.CharField(max_length=255, blank=True)
    values = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=STATES, default=WAITING)
    #: Why it was left out.
    reason = models.CharField(max_length=12, choices=REASONS, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    segments = models.PositiveSmallIntegerField(default=0)
    message = models.OneToOneField(
        Message, models.SET_NULL, null=True, related_name="campaign_recipient"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "address"],
                condition=~Q(reason__in=["invalid", "duplicate"]),
                name="recipient_once_per_campaign",
            ),
            models.UniqueConstraint(fields=["campaign", "line"], name="one_recipient_per_line"),
        ]
        indexes = [models.Index(fields=["campaign", "state", "id"], name="recipient_of_campaign")]

    def __str__(self) -> str:
        return self.address or self.given

    @property
    def key(self) -> str:
        """What its message is called among all: there can only ever be one."""
        return f"campaign:{self.pk}"


class StateCount(models.Model):
    """How many recipients of a campaign are in one state."""

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="state_counts", db_index=False
    )
    state = models.CharField(max_length=9)
    number = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "state"], name="one_count_per_state")
        ]


def count(changes: Iterable[tuple[int, str, int]]) -> None:
    """Add to the counts: (campaign, state, how many more or fewer).

    Call it last in the transaction that changed the recipients: it locks the campaign's counts.
    """
    totals: Counter[tuple[int, str]] = Counter()
    for campaign, state, number in changes:
        totals[campaign, state] += number
    items = [
        {"campaign_id": campaign, "state": state, "number": number}
        for (campaign, state), number in sorted(totals.items())
        if number
    ]
    if items:
        bulk.run(
            "INSERT INTO routing_statecount (campaign_id, state, number) "
            f"SELECT campaign_id, state, number FROM ({bulk.source(_COUNT)}) AS i "
            "WHERE true ORDER BY campaign_id, state ON CONFLICT (campaign_id, state) "
            "DO UPDATE SET number = routing_statecount.number + excluded.number",
            bulk.rows(items),
        )


def follow(messages: Iterable[int]) -> int:
    """Give the recipients of these messages the states of their messages; returns how many changed.

    Call it in the transaction that changed the messages, after all that locks messages.
    """
    asked = [{"id": pk} for pk in sorted(set(messages))]
    if not asked:
        return 0
    # What an UPDATE returns is the new row: the old state is read, and locked, before it.
    lock = " FOR UPDATE OF r" if bulk.locks_rows() else ""
    found = bulk.run(
        f"SELECT r.id, r.campaign_id, r.state, {_STATE} "
        f"FROM ({bulk.source({'id': bulk.INT})}) AS i "
        "JOIN routing_recipient AS r ON r.message_id = i.id "
        "JOIN routing_message AS m ON m.id = i.id ORDER BY r.id" + lock,
        bulk.rows(asked),
    )
    changed = [row for row in found if row[2] != row[3]]
    if not changed:
        return 0
    bulk.run(
        "UPDATE routing_recipient SET state = i.state "
        f"FROM ({bulk.source({'id': bulk.INT, 'state': bulk.TEXT})}) AS i "
        "WHERE routing_recipient.id = i.id",
        bulk.rows([{"id": pk, "state": new} for pk, _, _, new in changed]),
    )
    count(
        each
        for _, campaign, old, new in changed
        for each in ((campaign, old, -1), (campaign, new, 1))
    )
    return len(changed)


def begin(campaign: Campaign, at: datetime | None = None) -> bool:
    """Let it send from now on; returns whether this call did it."""
    return campaign.move(Campaign.RUNNING, started_at=campaign.started_at or at or timezone.now())


_COUNT = {"campaign_id": bulk.INT, "state": bulk.TEXT, "number": bulk.INT}
_STATE = "CASE WHEN m.status = 'sending' THEN 'queued' ELSE m.status END"
