"""What Yeastar's Open API needs besides the door: tokens, webhooks, sessions set aside."""

from __future__ import annotations

import secrets
import string
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.fields import EncryptedJSONField

from .doors import Door, hashed
from .messages import Message
from .rules import Extension, Platform
from .sessions import Session

ACCESS = timedelta(minutes=30)
REFRESH = timedelta(hours=24)
MOST_TOKENS = 8  # access tokens of one door that are good at the same time
MOST_TARGETS = 5
_LETTERS = string.ascii_letters + string.digits


def new_word() -> str:
    """32 letters and digits: a token, or a secret to sign with."""
    return "".join(secrets.choice(_LETTERS) for _ in range(32))


def new_keys() -> list[str]:
    return [new_word()]


class OpenTokenQuerySet(models.QuerySet["OpenToken"]):
    def good(self, now: datetime | None = None) -> OpenTokenQuerySet:
        """Those whose access token opens the door, and whose secret has not been ended."""
        return self._of_a_secret(now).filter(access_until__gt=now or timezone.now())

    def refreshable(self, now: datetime | None = None) -> OpenTokenQuerySet:
        return self._of_a_secret(now).filter(refresh_until__gt=now or timezone.now())

    def _of_a_secret(self, now: datetime | None) -> OpenTokenQuerySet:
        old = Q(
            key_hash=models.F("door__old_key_hash"),
            door__old_key_until__gt=now or timezone.now(),
        )
        return self.filter(Q(key_hash=models.F("door__key_hash")) | old)


class OpenToken(models.Model):
    """A pair of tokens. Only hashes are kept; the words themselves are random."""

    door = models.ForeignKey(Door, models.CASCADE, related_name="tokens")
    #: The secret it was got with: it ends with that secret.
    key_hash = models.CharField(max_length=64)
    access_hash = models.CharField(max_length=64, unique=True)
    refresh_hash = models.CharField(max_length=64, unique=True)
    access_until = models.DateTimeField()
    refresh_until = models.DateTimeField(db_index=True)

    objects = OpenTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Token of {self.door}"

    @classmethod
    def make(cls, door: Door, key_hash: str) -> tuple[str, str]:
        """A new pair: the access token and the refresh token."""
        access, refresh, now = new_word(), new_word(), timezone.now()
        cls.objects.create(
            door=door,
            key_hash=key_hash,
            access_hash=hashed(access),
            refresh_hash=hashed(refresh),
            access_until=now + ACCESS,
            refresh_until=now + REFRESH,
        )
        return access, refresh


class OpenTarget(models.Model):
    """A webhook of a door. The first one's address and secret are those of the door's receiver."""

    door = models.ForeignKey(Door, models.CASCADE, related_name="targets", db_index=False)
    place = models.PositiveSmallIntegerField()
    url = models.CharField(max_length=500, blank=True)
    keys = EncryptedJSONField(default=new_keys)
    method = models.CharField(max_length=4, default="POST")
    event_ids = models.JSONField(default=list, help_text="Empty: all.")

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["door", "place"], name="target_of_door")]

    def __str__(self) -> str:
        return self.url


class SetAside(models.Model):
    """A platform archived a session, or somebody's copy of it was removed by the Open API.

    It comes back with the next message.
    """

    session = models.ForeignKey(Session, models.CASCADE, related_name="set_aside")
    platform = models.ForeignKey(Platform, models.CASCADE, null=True, related_name="+")
    extension = models.ForeignKey(Extension, models.CASCADE, null=True, related_name="+")
    removed = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "session"],
                condition=Q(extension=None),
                name="set_aside_by_platform_once",
            ),
            models.UniqueConstraint(
                fields=["extension", "session"],
                condition=Q(platform=None),
                name="set_aside_for_agent_once",
            ),
        ]


class Handover(models.Model):
    """What the system line of a transfer tells, in data."""

    EXTENSION, QUEUE, PLATFORM = "extension", "queue", "api"

    message = models.OneToOneField(Message, models.CASCADE, related_name="handover")
    kind = models.CharField(max_length=9)
    destination = models.BigIntegerField()
    name = models.CharField(max_length=127)

    def __str__(self) -> str:
        return f"To {self.kind} {self.name}"
