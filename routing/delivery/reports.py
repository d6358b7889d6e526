"""Delivery reports: believed in any order, however often, and kept even if nobody knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from channels_app.models import Channel
from providers import base, registry

from .. import live
from ..models import Message, Part, Report, Session, counts, errands, recipients
from ..models.messages import COMES_AFTER


def record(channel: Channel, reports: Iterable[base.Report]) -> int:
    """Keep reports and let them advance their messages; returns how many did.

    A report for an unknown id is kept: the send's answer that brings the id may still be on its
    way. None ever moves a message backwards.
    """
    with transaction.atomic():
        kept = [
            Report(
                channel=channel,
                provider_id=_text(report.provider_id, 255),
                reference=_text(report.reference, 64),
                status=report.status,
                reason=_text(report.reason, 500),
                at=report.at,
            )
            for told in reports
            for report in (_spread(channel, told) if told.up_to else [told])
        ]
        applied = _apply(kept)
        Report.objects.bulk_create(kept)
        nudged = nudges({report.message.session_id for report in kept if report.message})
    lost = [(channel.pk, report.provider_id) for report in kept if report.message is None]
    if lost:  # the answer that brings the id may have been written at the same moment
        applied += match_orphans([each for each in lost if each[1]])
    live.nudge_many(nudged)
    return applied


def match_orphans(ids: Sequence[tuple[int, str]]) -> int:
    """Apply reports that came before their message had its id: (channel, provider's id) pairs."""
    known = set(ids)
    if not known:
        return 0
    orphans = Report.objects.filter(
        message=None,
        channel__in={channel for channel, _ in known},
        provider_id__in={provider_id for _, provider_id in known},
    )
    mine = [report for report in orphans if (report.channel_id, report.provider_id) in known]
    return _adopt(mine)


def match_recent_orphans(now: datetime, most: int = 500) -> int:
    """Look again for the messages of reports that came in the last minutes."""
    since = now - timedelta(minutes=10)
    orphans = Report.objects.filter(message=None, received_at__gte=since).exclude(provider_id="")
    return _adopt(list(orphans.order_by("-received_at")[:most]))


def _adopt(orphans: list[Report]) -> int:
    if not orphans:
        return 0
    with transaction.atomic():
        applied = _apply(orphans)
        found = [report for report in orphans if report.message]
        Report.objects.bulk_update(found, ["message", "applied"])
        nudged = nudges({report.message.session_id for report in found if report.message})
    live.nudge_many(nudged)
    return applied


def nudges(sessions: Iterable[int]) -> list[tuple[list[str], dict[str, Any]]]:
    """What the browsers showing these sessions are told: (audiences, fields) pairs."""
    found = Session.objects.filter(pk__in=set(sessions)).values_list(
        "pk", "holder", "queue", "platform", "number", "customer__address", "channel__provider"
    )
    told = []
    for pk, holder, queue, platform, number, address, provider in found:
        to = [f"extension:{holder}"] if holder else [f"queue:{queue}"] if queue else []
        if platform:
            to.append(live.platform_audience(platform))
        if _virtual(provider):
            to.append(f"phone:{number}:{address}")
        if to:
            told.append((to, {"session": pk}))
    return told


# --- inside ------------------------------------------------------------------------------------


def _spread(channel: Channel, told: base.Report) -> list[base.Report]:
    """How far a customer has got, as a report for each message that left before."""
    sessions = Session.objects.filter(
        channel=channel,
        customer__network=channel.provider_class.network,
        customer__address=told.customer,
    )
    # The moment before it left, by our clock; the answer's comes after the network's own time.
    before = Message.objects.filter(
        session__in=sessions,
        direction=Message.OUT,
        status__in=(Message.SENT, Message.DELIVERED),
        sending_at__lte=told.up_to,
    ).exclude(reference="")
    names = before.filter(status__in=COMES_AFTER[told.status]).values_list("reference", flat=True)
    return [replace(told, reference=name, at=told.at or told.up_to, up_to=None) for name in names]


def _virtual(provider: str) -> bool:
    return provider in registry.slugs() and registry.get(provider).virtual


def _text(value: str, length: int) -> str:
    return value.replace("\x00", "")[:length]


def _apply(reports: Sequence[Report]) -> int:
    """Find each report's message and advance it; returns how many advanced."""
    _find(reports)
    changes = []
    theirs = [report for report in reports if report.message is not None]
    for report in sorted(theirs, key=lambda report: report.message_id or 0):  # order of row locks
        assert report.message is not None
        before = report.message.status
        status, reason = _whole(report)
        if status and _advance(report.message, status, reason, report):
            report.applied = True
            changes += _counted(report.message, before)
    changed = [report.message for report in theirs if report.message and report.applied]
    told = errands.report(message.pk for message in changed)
    recipients.follow(message.pk for message in changed if message.lane == Message.BULK)
    if told:
        transaction.on_commit(lambda: live.nudge_many(live.heard(told)))
    counts.add(changes)
    return sum(report.applied for report in reports)


def _find(reports: Sequence[Report]) -> None:
    """Set each report's message, by our reference or by the provider's id, in three queries."""
    references = {report.reference for report in reports if report.reference}
    ids = {report.provider_id for report in reports if report.provider_id}
    channels = {report.channel_id for report in reports}
    sent = Message.objects.filter(channel__in=channels, direction=Message.OUT)
    named = sent.exclude(reference="")
    by_reference = (
        {(m.channel_id, m.reference): m for m in named.filter(reference__in=references)}
        if references
        else {}
    )
    by_id = (
        {
            (m.channel_id, m.provider_id): m
            for m in sent.filter(~Q(provider_id=""), provider_id__in=ids)
        }
        if ids
        else {}
    )
    for report in reports:
        report.message = by_reference.get((report.channel_id, report.reference)) or by_id.get(
            (report.channel_id, report.provider_id)
        )
    lost = {r.provider_id for r in reports if r.message is None and r.provider_id}
    if lost:
        parts = Part.objects.filter(channel__in=channels, provider_id__in=lost)
        by_part = {(p.channel_id, p.provider_id): p for p in parts.select_related("message")}
        for report in reports:
            if report.message is None:
                part = by_part.get((report.channel_id, report.provider_id))
                report.message = part.message if part else None


def _whole(report: Report) -> tuple[str, str]:
    """What a report means for the whole message: of several parts, the worst once all are known."""
    message = report.message
    assert message is not None
    parts = {p.provider_id: p for p in message.parts.all()} if report.provider_id else {}
    part = parts.get(report.provider_id)
    if part is None:
        return report.status, report.reason
    if part.status in COMES_AFTER[report.status]:
        part.status, part.reason = report.status, report.reason
        part.save(update_fields=["status", "reason"])
    states = [p.status for p in parts.values()]
    if Message.FAILED in states:
        done = sum(s in (Message.DELIVERED, Message.READ) for s in states)
        return Message.FAILED, f"{report.reason} ({done} of {len(states)} parts delivered)".strip()
    for status in (Message.SENT, Message.DELIVERED, Message.READ):
        if status in states:
            return status, ""
    return "", ""


def _advance(message: Message, status: str, reason: str, report: Report) -> bool:
    now = timezone.now()
    changes: dict[str, Any] = {"reason": reason}
    if report.provider_id and not message.provider_id:
        changes["provider_id"] = report.provider_id
    if message.sent_at is None and status != Message.FAILED:
        changes["sent_at"] = report.at or now
    if status in (Message.DELIVERED, Message.READ) and message.delivered_at is None:
        changes["delivered_at"] = report.at or now
    return message.advance(status, **changes)


def _counted(message: Message, before: str) -> list[tuple[int, datetime, str, int]]:
    """Counts in the hour in which the message left: no period delivers more than it sent."""
    at = message.sending_at or message.created_at
    if message.status == Message.FAILED:
        return [(message.channel_id, at, "failed", 1)]
    if message.status in (Message.DELIVERED, Message.READ) and before != Message.DELIVERED:
        sent = [(message.channel_id, at, "sent", 1)] if before == Message.QUEUED else []
        return [*sent, (message.channel_id, at, "delivered", 1)]
    return []
