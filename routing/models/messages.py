"""Messages, their files, and what became of them. The queued ones are the outbox."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Channel
from providers import base

from .rules import Extension
from .sessions import Session


def new_reference() -> str:
    """Our name for one attempt: letters and digits, which every provider can carry."""
    return secrets.token_hex(12)


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime | None = None) -> MessageQuerySet:
        """What may be sent now."""
        return self.filter(status=Message.QUEUED, due_at__lte=now or timezone.now())

    def advance(self, status: str, **changes: Any) -> int:
        """Give these messages a status that may follow theirs; returns how many changed."""
        return self.filter(status__in=COMES_AFTER[status]).update(status=status, **changes)


class Message(models.Model):
    IN, OUT, SYSTEM = "in", "out", "system"
    DIRECTIONS = {IN: "received", OUT: "sent", SYSTEM: "system line"}

    RECEIVED, QUEUED, SENDING, UNKNOWN = "received", "queued", "sending", "unknown"
    SENT, DELIVERED, FAILED, READ = base.SENT, base.DELIVERED, base.FAILED, base.READ
    STATUSES = {
        RECEIVED: "Received",
        QUEUED: "Waiting",
        SENDING: "Sending",
        SENT: "Sent",
        DELIVERED: "Delivered",
        READ: "Read",
        FAILED: "Failed",
        UNKNOWN: "Unknown",
    }
    PERSON, BULK = 0, 10  # lanes: a person's answer goes before bulk

    session = models.ForeignKey(Session, models.CASCADE, related_name="messages", db_index=False)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="messages", db_index=False)
    direction = models.CharField(max_length=6, choices=DIRECTIONS)
    status = models.CharField(max_length=9, choices=STATUSES, default=RECEIVED)
    #: Why it failed or is unknown, in plain words; for a waiting one, why it had to wait.
    reason = models.CharField(max_length=500, blank=True)

    author = models.ForeignKey(Extension, models.SET_NULL, null=True, related_name="messages")
    sender = models.CharField(max_length=255, blank=True)
    recipient = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    #: What a system line tells: picked_up, transferred, closed ...
    event = models.CharField(max_length=16, blank=True)
    has_files = models.BooleanField(default=False)
    #: A template to be sent instead of the text: {"template": pk, "values": [...]}.
    template = models.JSONField(null=True)
    segments = models.PositiveSmallIntegerField(default=0)

    #: The provider's id; of several, the first.
    provider_id = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=32, blank=True)
    #: Made by the browser, so that a repeated request is one message.
    client_key = models.CharField(max_length=64, blank=True)

    lane = models.SmallIntegerField(default=PERSON)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    provider_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "provider_id"],
                condition=Q(direction="in") & ~Q(provider_id=""),
                name="inbound_message_once",
            ),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="reference_once"
            ),
            models.UniqueConstraint(
                fields=["client_key"], condition=~Q(client_key=""), name="client_key_once"
            ),
        ]
        indexes = [
            models.Index(fields=["session", "id"], name="message_of_session"),
            models.Index(
                fields=["channel", "lane", "due_at", "id"],
                name="outbox",
                condition=Q(status="queued"),
            ),
            models.Index(
                fields=["sending_at"], name="message_sending", condition=Q(status="sending")
            ),
            models.Index(
                fields=["-id"],
                name="message_failed",
                condition=Q(status__in=["failed", "unknown"]),
            ),
            models.Index(
                fields=["session"],
                name="message_not_sent",
                condition=Q(status__in=["failed", "unknown"]),
            ),
            models.Index(
                fields=["channel", "sending_at"],
                name="message_unreported",
                condition=Q(status__in=["sent", "unknown"]),
            ),
            models.Index(
                fields=["channel", "provider_id"],
                name="message_of_provider",
                condition=Q(direction="out") & ~Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()}: {self.text[:40]}"

    @property
    def may_retry(self) -> bool:
        return self.direction == self.OUT and self.status in (self.FAILED, self.UNKNOWN)

    def advance(self, status: str, **changes: Any) -> bool:
        """Move to a status that may follow the present one; returns whether it did."""
        if not Message.objects.filter(pk=self.pk).advance(status, **changes):
            return False
        self.status = status
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def retry(self) -> bool:
        """Put a failed or unknown message back into the outbox, as a new attempt of its own."""
        self.parts.all().delete()  # their reports belong to the attempt that failed
        return self.advance(
            self.QUEUED,
            reason="",
            provider_id="",
            reference=new_reference(),
            due_at=timezone.now(),
            attempts=0,
        )


#: Which statuses may be left for each one. A delivery report may come before the send's answer,
#: and even for a message that went back to waiting because the answer got lost.
COMES_AFTER: dict[str, tuple[str, ...]] = {
    Message.QUEUED: (Message.SENDING, Message.FAILED, Message.UNKNOWN),
    Message.SENDING: (Message.QUEUED,),
    Message.UNKNOWN: (Message.SENDING,),
    Message.SENT: (Message.SENDING, Message.UNKNOWN),
    Message.DELIVERED: (Message.QUEUED, Message.SENDING, Message.UNKNOWN, Message.SENT),
    Message.FAILED: (Message.QUEUED, Message.SENDING, Message.UNKNOWN, Message.SENT),
    Message.READ: (
        Message.QUEUED,
        Message.SENDING,
        Message.UNKNOWN,
        Message.SENT,
        Message.DELIVERED,
    ),
}


class Part(models.Model):
    """One of several ids that a provider gave to one message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="parts")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    provider_id = models.CharField(max_length=255)
    status = models.CharField(max_length=9, choices=Message.STATUSES, default=Message.SENT)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "provider_id"], name="part_once")]


class Attachment(models.Model):
    """A file of a message, or the reason why there is none."""

    PENDING, KEPT, MISSING, EXPIRED = "pending", "kept", "missing", "expired"
    STATES = {PENDING: "Loading", KEPT: "Kept", MISSING: "Missing", EXPIRED: "Expired"}

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    state = models.CharField(max_length=8, choices=STATES, default=KEPT)
    reason = models.CharField(max_length=500, blank=True)
    file = models.FileField(upload_to="%Y/%m/%d", blank=True, max_length=255)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    source_url = models.TextField(blank=True)
    needs_credentials = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["due_at"], name="file_pending", condition=Q(state="pending")),
            models.Index(fields=["expires_at"], name="file_expiring", condition=Q(state="kept")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type in ("image/jpeg", "image/png", "image/gif", "image/webp")


class Report(models.Model):
    """What a provider said became of a message. Without a message, one that nobody knows (yet)."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="reports")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="reports")
    provider_id = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=9, choices=Message.STATUSES)
    reason = models.CharField(max_length=500, blank=True)
    applied = models.BooleanField(default=False, help_text="Whether it changed the message.")
    at = models.DateTimeField(null=True, help_text="The provider's time.")
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["channel", "provider_id"], name="report_orphan", condition=Q(message=None)
            ),
            models.Index(fields=["received_at"], name="report_age", condition=Q(message=None)),
        ]
