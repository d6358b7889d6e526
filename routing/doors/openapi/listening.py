"""What a listener has heard, and what there is for it to hear: read in the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from ...forwarding import open_api
from ...models import Attachment, Door, OpenToken, PlatformEvent
from ...models.doors import hashed
from . import tokens

#: Rows get their keys before they are committed: one of so long ago may still come to light.
LATE = timedelta(seconds=30)
FILES_WAIT = timedelta(minutes=10)  # how long an event waits for files that are being loaded
AT_ONCE = 100
LOOKED_AT = 2_000


@dataclass
class Ears:
    """One listener: its door's receiver, until when its token is good, and what it has heard."""

    receiver: int
    token_hash: str
    until: datetime
    low: int = 0  # all up to this one is settled
    settled: set[int] = field(default_factory=set)  # of those beyond it
    topics: frozenset[int] = frozenset()
    more: bool = False  # there is more than was read


def opened(token: str, remote: str) -> Ears:
    """The ears of who has this token; they hear what happens from now on. Raises as ``entered``."""
    door = tokens.entered(token, remote)
    if door.receiver_id is None:
        door.point("")
        Door.objects.filter(pk=door.pk).update(receiver=door.receiver)
    until = OpenToken.objects.get(access_hash=hashed(token)).access_until
    ears = Ears(door.receiver_id or 0, hashed(token), until)
    old = _events(ears).filter(created_at__lt=timezone.now() - LATE).order_by("-pk")
    ears.low = old.values_list("pk", flat=True).first() or 0
    ears.settled = set(_events(ears).filter(pk__gt=ears.low).values_list("pk", flat=True))
    return ears


def may_listen(ears: Ears) -> bool:
    """Whether the token still opens the door."""
    good = OpenToken.objects.good().filter(access_hash=ears.token_hash, door__active=True)
    return good.exists()


def news(ears: Ears) -> list[str]:
    """What the listener has not heard yet, in order, each as the text to send."""
    now = timezone.now()
    found = _events(ears).filter(pk__gt=ears.low).order_by("pk")
    rows = list(found.values_list("pk", "type", "created_at", "message")[:LOOKED_AT])
    fresh = [row for row in rows if row[0] not in ears.settled]
    wanted = [row for row in fresh if row[1] in ears.topics]
    waiting = _loading(row[3] for row in wanted if row[3] and now - row[2] < FILES_WAIT)
    ready = [row[0] for row in wanted if row[3] not in waiting][:AT_ONCE]
    told = _texts(ready)
    ears.settled.update(ready, (row[0] for row in fresh if row[1] not in ears.topics))
    for pk, _, at, _ in rows:
        if pk not in ears.settled or at > now - LATE:
            break
        ears.low = pk
        ears.settled.discard(pk)
    ears.more = len(ready) == AT_ONCE or len(rows) == LOOKED_AT
    return told


def _events(ears: Ears) -> QuerySet[PlatformEvent]:
    return PlatformEvent.objects.filter(platform=ears.receiver, url="")


def _loading(messages: Iterable[int]) -> set[int]:
    """Those whose files are still being loaded."""
    found = Attachment.objects.filter(message__in=list(messages), state=Attachment.PENDING)
    return set(found.values_list("message", flat=True))


def _texts(pks: list[int]) -> list[str]:
    related = ("platform", "session__customer", "session__number", "session__channel")
    about = tuple(f"message__{name}" for name in ("author", "errand__door", "session__customer"))
    found = PlatformEvent.objects.filter(pk__in=pks).select_related(*related, *about)
    ordered = found.prefetch_related("message__attachments").order_by("pk")
    return [open_api.body(event).decode() for event in ordered]
