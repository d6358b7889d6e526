"""The feed of changes: what happened to messages and sessions, for systems that follow along.

Triggers write each change in the transaction that makes it (migration 0014), whatever statement
does so. A position is given later, to committed rows only and by one at a time, so that whoever has
read up to a position misses nothing: a row of a slow transaction gets its position when it is seen.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Feed(models.Model):
    """One row: whether changes are written down, and the last position given."""

    active = models.BooleanField(default=False)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Feed at {self.last}"

    @classmethod
    def begin(cls) -> None:
        """Write changes down from now on. Until somebody asks for them they cost nothing."""
        if not cls.objects.filter(pk=1, active=True).exists():
            cls.objects.update_or_create(pk=1, defaults={"active": True})


class Change(models.Model):
    """One change. Keys are plain numbers: what they name may be gone by the time it is read."""

    KINDS = {
        "message.received": "A customer's message has arrived.",
        "message.queued": "A message of ours waits to leave.",
        "message.sent": "The provider took it.",
        "message.delivered": "It reached the customer.",
        "message.read": "The customer read it.",
        "message.failed": "It will not arrive; `reason` says why.",
        "message.unknown": "Nobody knows whether it arrived.",
        "message.deleted": "It was taken back before it left, or erased.",
        "note.added": "An agent wrote a private note.",
        "session.opened": "A session began.",
        "session.assigned": "Somebody else has it: an agent, a queue or a platform.",
        "session.closed": "It was closed.",
        "session.reopened": "It was opened again.",
    }

    position = models.BigIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=32)
    session_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    #: Who has the session, of session.assigned.
    holder_id = models.BigIntegerField(null=True)
    queue_id = models.BigIntegerField(null=True)
    platform_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["id"], name="change_unnumbered", condition=Q(position=None)),
            models.Index(fields=["at"], name="change_age"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.kind}"
