"""Claims: which messages leave now. A claimed message is SENDING and nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from providers.base import Filled, Media

from .. import files, live
from ..delivery import Outcome
from ..delivery.attempt import ATTEMPT_SECONDS
from ..delivery.reports import nudges
from ..delivery.settle import REAPED
from ..models import Attachment, Exchange, Message, bulk, counts, errands, recipients

_COLUMNS = (
    "id, channel_id, session_id, sender, recipient, text, reference, has_files, attempts, "
    "created_at, lane, template"
)
_NEXT = (
    "SELECT id FROM routing_message WHERE channel_id = {channel} AND status = 'queued' "
    "AND due_at <= %s ORDER BY lane, due_at, id LIMIT {limit}"
)


@dataclass(slots=True)
class Claimed:
    """A message that is about to leave."""

    sender: str
    recipient: str
    text: str
    media: tuple[Media, ...]
    outcome: Outcome
    #: The template to be sent instead, as the message keeps it, and once it has been looked up.
    chosen: str | None = None
    template: Filled | None = None


def waiting(most: Mapping[int, int]) -> dict[int, int]:
    """How many messages of each channel are due, counted up to its ``most``."""
    if connection.vendor != "postgresql":
        due = Message.objects.due()
        return {pk: due.filter(channel=pk)[:n].count() for pk, n in most.items()}
    inner = _NEXT.format(channel="i.channel_id", limit="i.n")
    source = bulk.source({"channel_id": bulk.INT, "n": bulk.INT})
    items = [{"channel_id": channel, "n": n} for channel, n in most.items()]
    with bulk.hot():
        found = bulk.run(
            f"SELECT i.channel_id, (SELECT count(*) FROM ({inner}) AS next) FROM ({source}) AS i",
            timezone.now(),
            bulk.rows(items),
        )
    return dict(found)


def claim(wanted: Mapping[int, int]) -> list[Claimed]:
    """Claim up to so many due messages of each channel: a person's before bulk, then by age."""
    now = timezone.now()
    with bulk.hot():
        if connection.vendor == "postgresql":
            found = _claim_at_once(wanted, now)
        else:
            found = [row for channel, n in wanted.items() for row in _claim_one(channel, n, now)]
        media = _media([row[0] for row in found if row[7]])
    found.sort(key=lambda row: (row[10], row[0]))
    return [_claimed(row, now, media.get(row[0], ())) for row in found]


def _claim_at_once(wanted: Mapping[int, int], now: datetime) -> list[tuple]:
    inner = _NEXT.format(channel="i.channel_id", limit="i.n") + " FOR UPDATE SKIP LOCKED"
    source = bulk.source({"channel_id": bulk.INT, "n": bulk.INT})
    items = [{"channel_id": channel, "n": n} for channel, n in wanted.items()]
    return bulk.run(
        "UPDATE routing_message AS m SET status = 'sending', sending_at = %s, "
        f"attempts = attempts + 1 FROM ({source}) AS i, LATERAL ({inner}) AS next "
        f"WHERE m.id = next.id RETURNING {', '.join('m.' + c for c in _COLUMNS.split(', '))}",
        now,
        bulk.rows(items),
        now,
    )


def _claim_one(channel: int, limit: int, now: datetime) -> list[tuple]:
    stamp = bulk.stamp(now)
    inner = _NEXT.format(channel="%s", limit="%s")
    rows = bulk.run(
        "UPDATE routing_message SET status = 'sending', sending_at = %s, "
        f"attempts = attempts + 1 WHERE id IN ({inner}) RETURNING {_COLUMNS}",
        stamp,
        channel,
        stamp,
        limit,
    )
    return [(*row[:9], _aware(row[9]), *row[10:]) for row in rows]


def _aware(stamp: str | datetime) -> datetime:
    """SQLite keeps UTC without saying so."""
    found = datetime.fromisoformat(stamp) if isinstance(stamp, str) else stamp
    return found.replace(tzinfo=UTC)


def _claimed(row: tuple, began: datetime, media: tuple[Media, ...]) -> Claimed:
    pk, channel, session, sender, recipient, text, reference, _, attempts, created, _, chosen = row
    outcome = Outcome(
        message=pk,
        channel=channel,
        session=session,
        reference=reference,
        began_at=began,
        created_at=created,
        attempts=attempts,
    )
    return Claimed(sender, recipient, text, media, outcome, chosen)


def _media(messages: list[int]) -> dict[int, tuple[Media, ...]]:
    found: dict[int, tuple[Media, ...]] = {}
    for each in Attachment.objects.filter(message__in=messages, state=Attachment.KEPT):
        item = Media(
            url=files.link(each), name=each.name, content_type=each.content_type, size=each.size
        )
        found[each.message_id] = (*found.get(each.message_id, ()), item)
    return found


def reap(now: datetime | None = None, most: int = 500) -> int:
    """Messages that a dead worker left as SENDING become UNKNOWN; returns how many.

    They may have arrived or not; only an agent may send them again.
    """
    now = now or timezone.now()
    limit = now - timedelta(seconds=ATTEMPT_SECONDS + 20)
    reason = REAPED
    with transaction.atomic():
        sending = Message.objects.filter(status=Message.SENDING, sending_at__lt=limit)
        left = list(sending.order_by("sending_at")[:most])
        lost = [each for each in left if each.advance(Message.UNKNOWN, reason=reason)]
        Exchange.objects.bulk_create(
            Exchange(
                channel_id=each.channel_id,
                message=each,
                kind=Exchange.SEND,
                outcome=Message.UNKNOWN,
                reason=reason,
                at=each.sending_at or now,
            )
            for each in lost
        )
        nudged = nudges({each.session_id for each in lost})
        told = errands.report(each.pk for each in lost)
        recipients.follow(each.pk for each in lost if each.lane == Message.BULK)
        counts.add((each.channel_id, each.sending_at or now, "sent", 1) for each in lost)
    live.nudge_many([*nudged, *live.heard(told)])
    return len(lost)
