"""What went over the wire: the log of exchanges, requests held back, events for platforms."""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Channel

from .messages import Message
from .rules import Platform
from .sessions import Session


class Exchange(models.Model):
    """One attempt to send, or one request to a webhook, with secrets cut out."""

    SEND, WEBHOOK, CHECK, POLL, FETCH = "send", "webhook", "check", "poll", "fetch"
    LINK = "link"
    KINDS = {
        SEND: "Attempt to send",
        WEBHOOK: "Webhook",
        CHECK: "Check of credentials",
        POLL: "Poll",
        FETCH: "File",
        LINK: "Session with the provider",
    }
    #: Outcomes of a send are the message's status after it; the others are ok or refused.
    OK, REFUSED, HELD = "ok", "refused", "held"

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="exchanges", db_index=False)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="exchanges")
    kind = models.CharField(max_length=8, choices=KINDS)
    outcome = models.CharField(max_length=9)
    reason = models.CharField(max_length=500, blank=True)
    #: JSON: a list of {method, url, request, status, answer, error, ms}.
    calls = models.TextField(default="[]")
    remote = models.CharField("address", max_length=45, blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["channel", "-id"], name="exchange_of_channel")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.outcome}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.calls)
        return found


class Held(models.Model):
    """A request that could not become a message: kept whole, to be replayed when it can."""

    UNREADABLE, UNKNOWN_NUMBER, OVERSIZED = "unreadable", "number", "oversized"
    NOT_RECEIVING = "off"
    CAUSES = {
        UNREADABLE: "Could not be read",
        UNKNOWN_NUMBER: "Number not set up",
        OVERSIZED: "Too large",
        NOT_RECEIVING: "Incoming is off",
    }

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="held")
    cause = models.CharField(max_length=10, choices=CAUSES)
    error = models.CharField(max_length=500)
    method = models.CharField(max_length=8)
    url = models.TextField(blank=True)
    tail = models.CharField(max_length=255, blank=True)
    query = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    remote = models.CharField("address", max_length=45, blank=True)
    at = models.DateTimeField(default=timezone.now)
    #: Of a request that the provider repeats, only one is kept.
    digest = models.CharField(max_length=64)
    repeats = models.PositiveIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "held request"
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "digest"], condition=Q(settled_at=None), name="held_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}, {self.at:%Y-%m-%d %H:%M}"


class PlatformEvent(models.Model):
    """An event on its way to a platform. The waiting ones are the platforms' outbox."""

    platform = models.ForeignKey(Platform, models.CASCADE, related_name="events")
    #: None for what concerns no session, like a channel that fails, or a test.
    session = models.ForeignKey(Session, models.CASCADE, null=True, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    type = models.PositiveIntegerField(default=30031)
    #: Instead of the platform's address, for a report whose address came with the message.
    url = models.TextField(blank=True)
    #: What the receiver's form needs besides session and message.
    content = models.JSONField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["due_at"], name="event_waiting", condition=Q(done_at=None, failed_at=None)
            ),
            models.Index(
                fields=["platform", "id"],
                name="event_of_platform",
                condition=Q(done_at=None, failed_at=None),
            ),
            models.Index(
                fields=["session", "id"],
                name="event_of_session",
                condition=Q(done_at=None, failed_at=None),
            ),
            # Who listens by WebSocket reads all of a door's own events, in their order.
            models.Index(fields=["platform", "id"], name="event_heard", condition=Q(url="")),
        ]
