"""Gives committed changes their positions, and puts them into the webhooks' outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Min

from ..models import Change, Feed, Message, PlatformEvent, Session, Webhook, bulk

CHANGE = 1  # the type of a webhook's event, beside those that the Open API numbers
MOST = 1_000  # changes in one transaction
_NUMBER = (
    "UPDATE routing_change SET position = i.position FROM (SELECT id, "
    "%s + row_number() OVER (ORDER BY id) AS position FROM "
    "(SELECT id FROM routing_change WHERE position IS NULL ORDER BY id LIMIT %s) AS next) AS i "
    "WHERE routing_change.id = i.id"
)


class TooOld(Exception):
    """What came after this position was deleted already, as its time was up."""


def number(most: int = MOST) -> int:
    """Give positions to the changes that have none, and tell the webhooks; returns how many.

    By one at a time, who holds the feed's row. Of two changes of one session the later one got the
    higher key, as it waited for the session's row; so the order of keys is the order of events.
    """
    if not Feed.objects.filter(pk=1, active=True).exists():
        return 0
    with transaction.atomic():
        feed = Feed.objects.select_for_update().get(pk=1)
        if not Change.objects.filter(position=None).exists():
            return 0
        bulk.run(_NUMBER, feed.last, most)
        last = Change.objects.aggregate(last=Max("position"))["last"]
        if last is None or last <= feed.last:
            return 0
        Feed.objects.filter(pk=1).update(last=last)
        _tell_webhooks(feed.last, last)
    return int(last - feed.last)


def number_all() -> None:
    """Give positions to all that is committed by now."""
    while number() == MOST:
        pass


def last_position() -> int:
    """The position that was given last."""
    return Feed.objects.filter(pk=1).values_list("last", flat=True).first() or 0


def after(position: int, most: int) -> list[Change]:
    """The next changes after this position. Raises TooOld if some of them were deleted."""
    found = list(Change.objects.filter(position__gt=position).order_by("position")[:most])
    first = found[0].position if found else None
    expected = position + 1
    if (first is None and last_position() > position) or (first is not None and first > expected):
        raise TooOld
    return found


def oldest() -> int:
    """The position after which everything is still there."""
    first = Change.objects.aggregate(first=Min("position"))["first"]
    return int(first) - 1 if first else last_position()


def again(webhook: Webhook, since: datetime, until: datetime, most: int = 10_000) -> int:
    """Put the changes of this time into the webhook's outbox once more; returns how many."""
    found = Change.objects.filter(at__gte=since, at__lt=until).exclude(position=None)
    return _put([webhook], list(found.order_by("position")[:most]))


def _tell_webhooks(before: int, last: int) -> None:
    webhooks = list(Webhook.objects.active().select_related("door", "receiver"))
    if webhooks:
        found = Change.objects.filter(position__gt=before, position__lte=last)
        _put(webhooks, list(found.order_by("position")))


def _put(webhooks: Sequence[Webhook], changes: Sequence[Change]) -> int:
    sessions = dict(
        Session.objects.filter(pk__in={c.session_id for c in changes}).values_list("pk", "number")
    )
    messages = set(
        Message.objects.filter(pk__in={c.message_id for c in changes}).values_list("pk", flat=True)
    )
    made = [
        PlatformEvent(
            platform=webhook.receiver,
            session_id=change.session_id,
            message_id=change.message_id if change.message_id in messages else None,
            type=CHANGE,
            content={"position": change.position, "kind": change.kind},
        )
        for webhook, numbers in ((each, _numbers(each)) for each in webhooks)
        for change in changes
        if change.session_id in sessions
        and (not webhook.kinds or change.kind in webhook.kinds)
        and (numbers is None or sessions[change.session_id] in numbers)
    ]
    PlatformEvent.objects.bulk_create(made)
    return len(made)


def _numbers(webhook: Webhook) -> Iterable[int] | None:
    """The numbers whose sessions it may be told of; None: all."""
    if webhook.door is None:
        return None
    return {each.pk for each in webhook.door.numbers} or None
