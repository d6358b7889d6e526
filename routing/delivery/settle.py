"""Writes down what became of attempts, many in one transaction."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from django.utils import timezone

from channels_app.models import Channel
from providers.http import redact

from .. import live
from ..models import Exchange, Message, Part, bulk, counts, errands, health, recipients
from .attempt import ATTEMPT_SECONDS, Outcome
from .reports import match_orphans, nudges

#: A message that could not be handed over for so long, in so many tries, is given up, visibly.
#: The tries alone would end too soon when a provider throttles, the time when a channel was paused.
GIVE_UP_AFTER = timedelta(hours=24)
GIVE_UP_TRIES = 150
#: The reason of a message that a dead worker left behind.
REAPED = "Parley was interrupted while sending. It is not known whether this arrived."
LONGEST_PAUSE = 3600.0  # seconds; a provider that asks for more is asked again after these
LONGEST_TRY = 600.0  # seconds between two tries of one message

_OUTCOME = {
    "id": bulk.INT,
    "reference": bulk.TEXT,
    "status": bulk.TEXT,
    "reason": bulk.TEXT,
    "provider_id": bulk.TEXT,
    "due_at": bulk.TIME,
    "sent_at": bulk.TIME,
    "uncounted": bulk.INT,
}
_EXCHANGE = {
    "channel_id": bulk.INT,
    "message_id": bulk.INT,
    "outcome": bulk.TEXT,
    "reason": bulk.TEXT,
    "calls": bulk.TEXT,
    "at": bulk.TIME,
}


def settle(outcomes: Sequence[Outcome], channels: Mapping[int, Channel]) -> None:
    """Write the outcomes down: messages, attempts, counts, the channels' state; nudge agents.

    An outcome counts only for the attempt it belongs to: after an agent's retry, or once a report
    has told more, it changes nothing but the provider's id. Running twice does no harm, except
    that an attempt would be logged twice.
    """
    now = timezone.now()
    secrets = {pk: channel.secret_values for pk, channel in channels.items()}
    for outcome in outcomes:
        _plan(outcome, now)
        if outcome.reason:
            outcome.reason = redact(outcome.reason, secrets.get(outcome.channel, ()))[:500]
    outcomes = sorted(outcomes, key=lambda outcome: outcome.message)  # the order of all row locks
    items = [_row(outcome, now) for outcome in outcomes]
    with bulk.hot():
        moved = _move(items)
        _remember_ids([item for item in items if item["id"] not in moved])
        _log(outcomes, secrets)
        _parts(outcomes)
        _channels(outcomes, channels)
        told = errands.report(
            o.message for o in outcomes if o.status != Message.QUEUED and o.message in moved
        )
        recipients.follow(o.message for o in outcomes if moved.get(o.message) == Message.BULK)
        counts.add(_counted(outcomes, moved))
        nudged = nudges({outcome.session for outcome in outcomes})
    # Reports that came meanwhile could not see the ids, and were kept without their message.
    match_orphans([(o.channel, each) for o in outcomes for each in o.provider_ids])
    live.nudge_many([*nudged, *live.heard(told)])


def _plan(outcome: Outcome, now: datetime) -> None:
    """Decide when an unsent message is tried again, or that it is given up."""
    if outcome.status != Message.QUEUED:
        return
    tried = outcome.calls and outcome.attempts >= GIVE_UP_TRIES
    if tried and now - outcome.created_at > GIVE_UP_AFTER:
        hours = GIVE_UP_AFTER.total_seconds() / 3600
        outcome.status = Message.FAILED
        outcome.reason = f"Given up after {hours:g} hours. {outcome.reason}"
    elif outcome.after is None:
        pause = min(LONGEST_TRY, 2.0 ** min(outcome.attempts, 10))
        outcome.after = pause if outcome.throttled else pause * random.uniform(0.8, 1.2)  # noqa: S311
    else:
        outcome.after = min(outcome.after, LONGEST_PAUSE)


def _row(outcome: Outcome, now: datetime) -> dict[str, object]:
    again = outcome.status == Message.QUEUED
    return {
        "id": outcome.message,
        "reference": outcome.reference,
        "status": outcome.status,
        "reason": outcome.reason,
        "provider_id": outcome.provider_ids[0][:255] if outcome.provider_ids else "",
        "due_at": bulk.stamp(now + timedelta(seconds=outcome.after or 0)) if again else None,
        "sent_at": bulk.stamp(now) if outcome.status == Message.SENT else None,
        "uncounted": int(not outcome.counts),
    }


def _move(items: list[dict[str, object]]) -> dict[object, int]:
    """Advance the messages; returns those that this attempt still decides, with their lanes."""
    found = bulk.run(
        "UPDATE routing_message SET status = i.status, reason = i.reason, "
        "provider_id = i.provider_id, due_at = COALESCE(i.due_at, routing_message.due_at), "
        "attempts = routing_message.attempts - i.uncounted, "
        f"sent_at = i.sent_at FROM ({bulk.source(_OUTCOME)}) AS i "
        "WHERE routing_message.id = i.id AND routing_message.reference = i.reference "
        "AND routing_message.status IN ('sending', 'unknown') "
        "RETURNING routing_message.id, routing_message.lane",
        bulk.rows(items),
    )
    return dict(found)


def _remember_ids(items: list[dict[str, object]]) -> None:
    """A report came before the answer: the message has its state, but not yet its id."""
    for item in items:
        if item["provider_id"]:
            Message.objects.filter(
                pk=item["id"], reference=item["reference"], provider_id=""
            ).update(provider_id=item["provider_id"])


def _log(outcomes: Sequence[Outcome], secrets: Mapping[int, list[str]]) -> None:
    items = []
    for outcome in outcomes:
        if outcome.status == Message.QUEUED and not outcome.calls:
            continue  # it never got as far as an attempt
        items.append(
            {
                "channel_id": outcome.channel,
                "message_id": outcome.message,
                "outcome": outcome.status,
                "reason": outcome.reason,
                "calls": redact(
                    orjson.dumps(outcome.calls).decode(), secrets.get(outcome.channel, ())
                ),
                "at": bulk.stamp(outcome.began_at),
            }
        )
    bulk.run(
        "INSERT INTO routing_exchange "
        "(channel_id, message_id, kind, outcome, reason, calls, remote, at) "
        f"SELECT channel_id, message_id, '{Exchange.SEND}', outcome, reason, calls, '', at "
        f"FROM ({bulk.source(_EXCHANGE)}) AS i",
        bulk.rows(items),
    )


def _parts(outcomes: Sequence[Outcome]) -> None:
    Part.objects.bulk_create(
        [
            Part(message_id=o.message, channel_id=o.channel, provider_id=each[:255])
            for o in outcomes
            if len(o.provider_ids) > 1
            for each in o.provider_ids
        ],
        ignore_conflicts=True,
    )


def _channels(outcomes: Sequence[Outcome], channels: Mapping[int, Channel]) -> None:
    """Let real traffic show: a refused key turns the channel red at once, a success green."""
    latest = {outcome.channel: outcome for outcome in outcomes}
    for outcome in outcomes:
        if outcome.channel_fault:
            latest[outcome.channel] = outcome
    for pk, outcome in latest.items():
        channel = channels.get(pk)
        if channel is None:
            continue
        if outcome.channel_fault or outcome.unavailable:
            health.show_fault(channel, outcome.reason)
            channel.fault = outcome.reason  # known at once: the next success must clear it
        elif outcome.status == Message.SENT and (channel.fault or not channel.proved_at):
            health.show_success(channel)
            channel.fault, channel.proved_at = "", timezone.now()


def _counted(
    outcomes: Sequence[Outcome], moved: Container[object]
) -> list[tuple[int, datetime, str, int]]:
    ended = [outcome for outcome in outcomes if outcome.status != Message.QUEUED]
    failed = [o for o in ended if o.status == Message.FAILED and o.message in moved]
    given_up = _given_up(ended)
    return [(o.channel, o.began_at, "sent", 1) for o in ended if o.message not in given_up] + [
        (o.channel, o.began_at, "failed", 1) for o in failed
    ]


def _given_up(outcomes: Sequence[Outcome]) -> set[int]:
    """The messages whose outcome comes so late that they were taken for lost, and counted."""
    limit = timezone.now() - timedelta(seconds=ATTEMPT_SECONDS)
    late = [outcome.message for outcome in outcomes if outcome.began_at < limit]
    if not late:
        return set()
    found = Exchange.objects.filter(message__in=late, kind=Exchange.SEND, reason=REAPED)
    return set(found.values_list("message", flat=True))
