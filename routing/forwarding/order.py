"""Which event a receiver gets next: one at a time, oldest first, and failing ones step aside."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from ..models import Attachment, Platform, PlatformEvent
from . import circuits

LEASE = timedelta(seconds=60)  # a worker that has not come back after this has died
IN_FLIGHT = "Being delivered."
FIRST_WAIT = 5.0  # seconds
PATIENCE = 5  # attempts before a failing event steps aside
LINES = 64  # reports looked at, at once, for other addresses than the platform's own
FILES_WAIT = timedelta(minutes=10)  # how long an event waits for files that are being loaded


def waiting() -> QuerySet[PlatformEvent]:
    return PlatformEvent.objects.filter(done_at=None, failed_at=None)


def next_of(platform_pk: int, now: datetime, url: str = "") -> QuerySet[PlatformEvent]:
    """The event that this platform, or this address for its reports, gets now: one, or none."""
    return _ready(waiting().filter(platform=platform_pk, url=url), now).order_by("pk")[:1]


def _ready(theirs: QuerySet[PlatformEvent], now: datetime) -> QuerySet[PlatformEvent]:
    """Those of a platform's events that may go now. Each address is a line of its own."""
    busy = Q(reason=IN_FLIGHT) | Q(attempts__gt=0, attempts__lt=PATIENCE)
    line = theirs.filter(url=OuterRef("url")).order_by()
    earlier = line.filter(session=OuterRef("session"), pk__lt=OuterRef("pk"))
    return theirs.filter(
        ~Exists(line.filter(busy, due_at__gt=now)), ~Exists(earlier), due_at__lte=now
    )


def next_in(platform: Platform, now: datetime) -> list[int]:
    """The events that may go now: the platform's next one, and the next for each other address."""
    found = list(next_of(platform.pk, now).values_list("pk", flat=True))
    if platform.form != Platform.PLATFORM:
        reports = _ready(waiting().filter(platform=platform).exclude(url=""), now).order_by("pk")
        lines: dict[str, int] = {}
        for event_pk, url in reports.values_list("pk", "url")[:LINES]:
            lines.setdefault(url, event_pk)
        found += lines.values()
    return found


def due(now: datetime | None = None, limit: int = 1000) -> list[int]:
    """The events that may go now: for each platform its next one."""
    now = now or timezone.now()
    theirs = waiting().filter(platform=OuterRef("pk"), due_at__lte=now)
    platforms = Platform.everyone.filter(Exists(theirs)).order_by("pk").only("pk", "form")
    return [event_pk for platform in platforms[:limit] for event_pk in next_in(platform, now)]


def claim(event_pk: int, *, full: Collection[int] = ()) -> PlatformEvent | None:
    """Take the event for one attempt; None unless it is its platform's turn, or if that is full.

    The platform's row is locked for this moment only, so that two workers cannot take two events
    of one platform; during the POST the lease in ``due_at`` keeps others away.
    """
    now = timezone.now()
    found = waiting().filter(pk=event_pk)
    related = ("platform", "session__customer", "session__number", "session__channel", "message")
    with transaction.atomic():
        event = found.first()
        if event is None or event.platform_id in full:
            return None
        Platform.everyone.select_for_update().get(pk=event.platform_id)
        if not event.url and circuits.broken(now).filter(pk=event.platform_id).exists():
            return None
        if event_pk not in next_of(event.platform_id, now, event.url).values_list("pk", flat=True):
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
