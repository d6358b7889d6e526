"""The recipients of campaigns. What became of one follows its message; counts are kept beside.

Both change in the transaction that changes the message, so that no page ever counts rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import models
from django.db.models import Q

from . import bulk
from .campaigns import ROW_STATES, Campaign
from .messages import Message


class Recipient(models.Model):
    """One line of a campaign's list, and what became of it."""

    WAITING, QUEUED, LEFT_OUT = "waiting", "queued", "left_out"
    STATES = ROW_STATES

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


_COUNT = {"campaign_id": bulk.INT, "state": bulk.TEXT, "number": bulk.INT}
_STATE = "CASE WHEN m.status = 'sending' THEN 'queued' ELSE m.status END"
