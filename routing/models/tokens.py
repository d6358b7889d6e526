"""Keys of people for the REST API, and what was already answered under an Idempotency-Key."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .doors import ROTATION, TOUCH, hashed
from .rules import Extension

#: What a key may be allowed. Of a person's key, never more than that person may do anyway.
SCOPES = {
    "channels:read": "Read channels",
    "channels:write": "Pause channels and set their rate",
    "numbers:read": "Read numbers and their rules",
    "queues:read": "Read message queues",
    "queues:write": "Create and change message queues",
    "extensions:read": "Read extensions",
    "customers:read": "Read customers",
    "customers:write": "Name customers",
    "sessions:read": "Read sessions",
    "sessions:write": "Pick up, transfer and close sessions, write notes",
    "messages:read": "Read messages and their files",
    "messages:send": "Send messages, take them back, try them again; upload files",
    "campaigns:read": "Read campaigns",
    "campaigns:write": "Make, start, pause and stop campaigns",
    "events:read": "Follow the feed of changes",
    "statistics:read": "Read statistics",
    "webhooks:read": "Read webhooks and what was delivered",
    "webhooks:write": "Create, change and replay webhooks",
}
PREFIX = "parley_"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def with_key(self, key: str) -> ApiToken | None:
        """The token of this key, whether it still works or not."""
        given = hashed(key)
        old = Q(old_key_hash=given, old_key_until__gt=timezone.now())
        return self.filter(Q(key_hash=given) | old).first() if key else None


class ApiToken(models.Model):
    """A personal token: its bearer sees and does what this agent may, within its scopes."""

    extension = models.ForeignKey(Extension, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=127)
    scopes = models.JSONField(default=list)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_end = models.CharField(max_length=4, editable=False)
    old_key_hash = models.CharField(max_length=64, blank=True, editable=False)
    old_key_until = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.CharField(max_length=45, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "personal token"
        indexes = [
            models.Index(
                fields=["old_key_hash"], name="token_of_old_key", condition=~Q(old_key_hash="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.extension}"

    def set_key(self) -> str:
        """Make a new key; returns it. It cannot be shown again. Save the token afterwards.

        The key before it works for another day.
        """
        key = PREFIX + secrets.token_urlsafe(32)
        if self.key_hash:
            self.old_key_hash, self.old_key_until = self.key_hash, timezone.now() + ROTATION
        self.key_hash, self.key_end = hashed(key), key[-4:]
        return key

    def revoke(self) -> bool:
        """End the token; returns whether this call did."""
        now = timezone.now()
        if not ApiToken.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            return False
        self.revoked_at = now
        return True

    def expired(self, now: datetime | None = None) -> bool:
        return self.expires_at is not None and self.expires_at <= (now or timezone.now())

    @property
    def works(self) -> bool:
        return self.revoked_at is None and not self.expired()

    def touch(self, remote: str) -> None:
        """Remember when and from where the token was used last."""
        now = timezone.now()
        if self.last_used_at and now - self.last_used_at < TOUCH:
            return
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH)
        mine = ApiToken.objects.filter(stale, pk=self.pk)
        mine.update(last_used_at=now, last_used_from=remote[:45])


class Answered(models.Model):
    """What a caller was answered under an Idempotency-Key."""

    KEPT = timedelta(days=2)

    caller = models.CharField(max_length=40)
    key = models.CharField(max_length=64, help_text="A hash: the key may be of any length.")
    #: Of the request: another one under the same key is a mistake.
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="answered_once")]

    def __str__(self) -> str:
        return f"{self.caller}: {self.status}"


class Upload(models.Model):
    """A file that was uploaded to be sent; it is deleted after a day."""

    KEPT = timedelta(days=1)

    caller = models.CharField(max_length=40)
    file = models.FileField(upload_to="uploads/%Y/%m/%d", max_length=255)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.name
