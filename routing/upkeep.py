"""What time does to messages and sessions: sessions close, providers are asked, logs end."""

from __future__ import annotations

import json
import logging
import random
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from oauth2_provider.models import AccessToken

from channels_app.models import Channel
from providers import registry
from providers.errors import ProviderError
from providers.http import Carrier, redact

from . import delivery, desk, live
from .delivery.reports import nudges
from .models import (
    Answered,
    Attachment,
    Change,
    Delivery,
    Exchange,
    Held,
    Message,
    Part,
    PlatformEvent,
    Report,
    Session,
    Upload,
    snoozing,
)

log = logging.getLogger(__name__)

BATCH = 200
POLL_AFTER = timedelta(minutes=2)  # a provider that reports by itself does so sooner
POLL_FOR = timedelta(hours=24)


def close_idle(now: datetime | None = None) -> int:
    """Close the sessions whose time-out has passed; returns how many.

    One index look-up a channel; beyond that the cost grows with what closes.
    """
    now = now or timezone.now()
    closed = 0
    for channel in Channel.objects.exclude(close_after_days=None):
        while batch := _close_batch(channel, now):
            closed += batch
    return closed


def _close_batch(channel: Channel, now: datetime) -> int:
    with transaction.atomic():
        idle = Session.objects.idle(channel, now)
        if connection.vendor == "postgresql":
            idle = idle.select_for_update(skip_locked=True)
        sessions = list(idle[:BATCH])
        Session.objects.filter(pk__in=[s.pk for s in sessions]).update(
            closed_at=now, unread=0, snoozed_until=None, woken=Session.SEEN
        )
        days = channel.close_after_days
        text = f"Closed after {days} day{'s' if days != 1 else ''} without a message"
        Message.objects.bulk_create(
            Message(
                session=session,
                channel=channel,
                direction=Message.SYSTEM,
                event="auto_closed",
                text=text,
                created_at=now,
            )
            for session in sessions
        )
    live.nudge_many((desk.audiences(s), {"session": s.pk}) for s in sessions)
    return len(sessions)


def wake_snoozed(now: datetime | None = None) -> int:
    """Bring back the snoozed sessions whose time has come; returns how many."""
    woken = 0
    while batch := snoozing.wake_due(now or timezone.now(), BATCH):
        live.nudge_many((desk.audiences(s), {"session": s.pk}) for s in batch)
        woken += len(batch)
    return woken


def poll_all() -> int:
    """Ask every provider that must be asked for news; returns how many events there were."""
    polled = [slug for slug in registry.slugs() if registry.get(slug).polls]
    events = 0
    for channel in Channel.objects.filter(provider__in=polled, paused=False):
        try:
            events += poll(channel)
        except Exception:  # one channel's trouble is not the others'
            log.exception("%s: asking for news failed", channel)
    return events


def poll(channel: Channel) -> int:
    """Ask one channel's provider for delivery reports; returns how many events came."""
    now = timezone.now()
    unreported = Message.objects.filter(
        channel=channel,
        status__in=(Message.SENT, Message.UNKNOWN),
        sending_at__range=(now - POLL_FOR, now - POLL_AFTER),
    ).values_list("pk", "provider_id", "reference")
    # Not always the same ones: of very many, every round asks for others.
    found = (
        random.sample(asked, min(len(asked), 500)) if (asked := list(unreported[:5_000])) else []
    )
    names = _names(found)
    carrier = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    calls: list[dict[str, object]] = []
    try:
        events = carrier.run(channel.adapter.poll(names), calls)
    except ProviderError as error:
        reason = redact(error.reason, channel.secret_values)
        log.warning("%s: asking for news failed: %s", channel, reason)
        _log_poll(channel, Exchange.REFUSED, reason, calls)
        return 0
    if calls and events:
        _log_poll(channel, Exchange.OK, "", calls)
    news = [report for report in events if report.status != Message.SENT]
    delivery.record(channel, news)
    return len(news)


def _names(messages: list[tuple[int, str, str]]) -> tuple[str, ...]:
    """What the provider calls these messages: of one with several ids, those without an end."""
    parts: dict[int, list[str]] = {}
    for part in Part.objects.filter(message__in=[pk for pk, _, _ in messages]):
        kept = parts.setdefault(part.message_id, [])
        if part.status not in (Message.DELIVERED, Message.FAILED, Message.READ):
            kept.append(part.provider_id)
    return tuple(
        name
        for pk, provider_id, reference in messages
        for name in parts.get(pk, [provider_id or reference])
    )


def _log_poll(channel: Channel, outcome: str, reason: str, calls: list[dict[str, object]]) -> None:
    Exchange.objects.create(
        channel=channel,
        kind=Exchange.POLL,
        outcome=outcome,
        reason=reason[:500],
        calls=redact(json.dumps(calls), channel.secret_values),
    )


def show_file(attachment: Attachment) -> None:
    """Tell the browsers that a file has come, or will not."""
    live.nudge_many(nudges({attachment.message.session_id}))


def clean_logs(now: datetime | None = None, most: int = 200_000) -> int:
    """Delete log entries older than EXCHANGE_DAYS, at most so many of each kind."""
    old = (now or timezone.now()) - timedelta(days=settings.EXCHANGE_DAYS)
    ended: list[QuerySet] = [
        Exchange.objects.filter(at__lt=old),
        Report.objects.filter(message=None, received_at__lt=old),
        Held.objects.filter(settled_at__lt=old),
        PlatformEvent.objects.filter(done_at__lt=old),
        PlatformEvent.objects.filter(failed_at__lt=old),
    ]
    return sum(_delete(rows, most) for rows in ended)


def clean_rest(now: datetime | None = None, most: int = 200_000) -> int:
    """Delete what the REST API keeps for some days: the feed, its log, answers, uploads."""
    now = now or timezone.now()
    for upload in Upload.objects.filter(created_at__lt=now - Upload.KEPT)[:BATCH]:
        upload.file.delete(save=False)  # the bytes first: the next run finds the row again
        upload.delete()
    old = now - timedelta(days=settings.EVENT_DAYS)
    ended: list[QuerySet] = [
        Change.objects.filter(at__lt=old).exclude(position=None),
        Delivery.objects.filter(at__lt=old),
        Answered.objects.filter(created_at__lt=now - Answered.KEPT),
        AccessToken.objects.filter(expires__lt=now),
    ]
    return sum(_delete(rows, most) for rows in ended)


def _delete(rows: QuerySet, most: int) -> int:
    deleted = 0
    while deleted < most:
        keys = list(rows.order_by().values_list("pk", flat=True)[:BATCH])
        if not keys:
            break
        deleted += rows.model._base_manager.filter(pk__in=keys).delete()[0]
    return deleted
