"""Which event a receiver gets next: one at a time, oldest first, and failing ones step aside."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from ..models import Attachment, Platform, PlatformEvent

LEASE = timedelta(seconds=60)  # a worker that has not come back after this has died
IN_FLIGHT = "Being delivered."
FIRST_WAIT = 5.0  # seconds
PATIENCE = 5  # attempts before a failing event steps aside
FILES_WAIT = timedelta(minutes=10)  # how long an event waits for files that are being loaded


def waiting() -> QuerySet[PlatformEvent]:
    return PlatformEvent.objects.filter(done_at=None, failed_at=None)


def next_of(platform_pk: int, now: datetime) -> QuerySet[PlatformEvent]:
    """The event that this platform gets now: one, or none."""
    theirs = waiting().filter(platform=platform_pk)
    busy = Q(reason=IN_FLIGHT) | Q(attempts__gt=0, attempts__lt=PATIENCE)
    if theirs.filter(busy, due_at__gt=now).exists():
        return theirs.none()
    earlier = theirs.filter(session=OuterRef("session"), pk__lt=OuterRef("pk"))
    return theirs.filter(~Exists(earlier), due_at__lte=now).order_by("pk")[:1]


def due(now: datetime | None = None, limit: int = 1000) -> list[int]:
    """The events that may go now: for each platform its next one."""
    now = now or timezone.now()
    theirs = waiting().filter(platform=OuterRef("pk"), due_at__lte=now)
    platforms = Platform.objects.filter(Exists(theirs)).order_by("pk")
    found: list[int] = []
    for platform_pk in platforms.values_list("pk", flat=True)[:limit]:
        found += next_of(platform_pk, now).values_list("pk", flat=True)
    return found


def claim(event_pk: int) -> PlatformEvent | None:
    """Take the event for one attempt; None unless it is its platform's turn.

    The platform's row is locked for this moment only, so that two workers cannot take two events
    of one platform; during the POST the lease in ``due_at`` keeps others away.
    """
    now = timezone.now()
    found = waiting().filter(pk=event_pk)
    related = ("platform", "session__customer", "session__number", "session__channel", "message")
    with transaction.atomic():
        event = found.first()
        if event is None:
            return None
        Platform.objects.select_for_update().get(pk=event.platform_id)
        if event_pk not in next_of(event.platform_id, now).values_list("pk", flat=True):
            return None
        if _loads_files(event, now):
            found.update(due_at=now + timedelta(seconds=FIRST_WAIT))
            return None
        found.update(due_at=now + LEASE, attempts=F("attempts") + 1, reason=IN_FLIGHT)
    return PlatformEvent.objects.select_related(*related).get(pk=event_pk)


def _loads_files(event: PlatformEvent, now: datetime) -> bool:
    if now - event.created_at > FILES_WAIT:
        return False
    return Attachment.objects.filter(message=event.message_id, state=Attachment.PENDING).exists()
