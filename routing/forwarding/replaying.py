"""Events that are sent once more, and tests."""

from __future__ import annotations

from django.utils import timezone

from ..models import PlatformEvent, Webhook
from .feeding import CHANGE


def again(event: int) -> int:
    """Send an event once more that was delivered or given up; returns 0 while it is on its way."""
    settled = PlatformEvent.objects.filter(pk=event).exclude(done_at=None, failed_at=None)
    now = timezone.now()
    return settled.update(
        done_at=None, failed_at=None, attempts=0, reason="", due_at=now, created_at=now
    )


def test(webhook: Webhook) -> PlatformEvent:
    """A test event, on its way like any other."""
    return PlatformEvent.objects.create(platform=webhook.receiver, type=CHANGE, content={})
