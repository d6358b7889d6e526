"""Hands recipients to the outbox, a few seconds ahead of the rate.

Never more than that: so a stop takes effect at once, and what a person answers stands in front.
Recipients, customers, sessions, messages and counts change in one transaction: whatever dies,
nothing is lost and nothing is there twice. The key of a message names its recipient, and no two
messages have one key.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from channels_app.models import Channel

from .. import live, outbox
from ..delivery.reports import nudges
from ..files.keeping import expiry
from ..models import Attachment, Campaign, Message, Part, Recipient, StateCount, bulk
from ..models.messages import new_reference
from ..models.recipients import count, follow
from .checking import Letter, judge
from .placing import sessions_for

AHEAD_SECONDS = 2.0  # of the channel's rate that may lie in the outbox
LEAST, MOST = 5, 500  # messages ahead; the most are written in one transaction


def room(channel: Channel) -> int:
    """How many messages may be handed over now."""
    ahead = max(LEAST, min(MOST, math.ceil(float(channel.rate) * AHEAD_SECONDS)))
    bulk_ones = Message.objects.filter(
        channel=channel, status=Message.QUEUED, lane=Message.BULK, due_at__isnull=False
    )
    return ahead - bulk_ones[:ahead].count()


def hand_over(campaign_pk: int, most: int) -> int:
    """Hand over up to so many of a running campaign's recipients; returns how many were looked at.

    Ends the campaign once all of its messages have left.
    """
    with bulk.hot():
        held = Campaign.objects.select_for_update(of=("self",), skip_locked=True)
        campaign = (
            held.select_related("number__channel", "template", "extension", "queue")
            .filter(pk=campaign_pk, state=Campaign.RUNNING, deleted_at=None)
            .first()
        )
        if campaign is None:
            return 0
        mine = Recipient.objects.filter(campaign=campaign)
        waiting = mine.filter(state=Recipient.WAITING).order_by("pk")
        rows = list(waiting.select_for_update()[:most])
        if rows:
            _hand_over(campaign, rows, timezone.now())
        elif campaign.retried_to is not None:
            rows = list(
                mine.filter(state=Message.FAILED, pk__gt=campaign.retried_to)
                .exclude(message=None)
                .order_by("pk")[:most]
            )
            _hand_over_again(campaign, rows)
        if not rows:
            _end(campaign)
    return len(rows)


# --- inside ------------------------------------------------------------------------------------


def _end(campaign: Campaign) -> None:
    left = StateCount.objects.filter(
        campaign=campaign, state__in=[Recipient.WAITING, Recipient.QUEUED], number__gt=0
    )
    if not left.exists():
        campaign.move(Campaign.DONE, ended_at=timezone.now(), retried_to=None)


def _hand_over(campaign: Campaign, rows: Sequence[Recipient], now: datetime) -> None:
    verdicts = judge(campaign, rows)
    fit = [(row, v.letter) for row, v in zip(rows, verdicts, strict=True) if v.letter]
    left = [(row, v) for row, v in zip(rows, verdicts, strict=True) if not v.letter]
    changes = [(campaign.pk, Recipient.WAITING, -len(rows))]
    for row, verdict in left:
        row.state, row.reason = Recipient.LEFT_OUT, verdict.reason
        row.detail = verdict.detail[:300]
    Recipient.objects.bulk_update([row for row, _ in left], ["state", "reason", "detail"])
    changes.append((campaign.pk, Recipient.LEFT_OUT, len(left)))
    if fit:
        _hand(campaign, fit, now)
        _link([row for row, _ in fit])
        changes.append((campaign.pk, Recipient.QUEUED, len(fit)))
    count(changes)


def _hand(campaign: Campaign, fit: Sequence[tuple[Recipient, Letter]], now: datetime) -> None:
    """Make the recipients' messages, in the customers' sessions."""
    channel, media = campaign.channel, campaign.channel.provider_class.media
    spare = channel.accompanying_text if campaign.file and media and media.accompanying_text else ""
    texts = {row.address: letter.text or spare or campaign.file_name for row, letter in fit}
    sessions = sessions_for(campaign, texts, now)
    messages = [
        Message(
            session_id=sessions[row.address],
            channel=channel,
            direction=Message.OUT,
            status=Message.QUEUED,
            sender=channel.sender_for(campaign.number.value),
            recipient=row.address,
            text=letter.text or spare,
            has_files=bool(campaign.file),
            template=letter.template,
            segments=letter.segments,
            reference=new_reference(),
            client_key=row.key,
            lane=Message.BULK,
            due_at=now,
            created_at=now,
        )
        for row, letter in fit
    ]
    Message.objects.bulk_create(messages)
    if campaign.file:
        expires_at = expiry(channel.provider_class, now)
        Attachment.objects.bulk_create(
            Attachment(
                message=each,
                file=campaign.file.name,
                name=campaign.file_name,
                content_type=campaign.file_type,
                size=campaign.file_size,
                expires_at=expires_at,
            )
            for each in messages
        )
    for (row, _), message in zip(fit, messages, strict=True):
        row.message = message
    told = nudges({each.session_id for each in messages})
    transaction.on_commit(lambda: live.nudge_many(told))
    outbox.ring_on_commit(channel.pk)


def _link(rows: Sequence[Recipient]) -> None:
    """Write down which message is whose."""
    source = bulk.source({"id": bulk.INT, "message_id": bulk.INT})
    found = bulk.run(
        f"UPDATE routing_recipient SET state = 'queued', message_id = i.message_id FROM ({source}) "
        "AS i WHERE routing_recipient.id = i.id AND routing_recipient.state = 'waiting' "
        "RETURNING routing_recipient.id",
        bulk.rows([{"id": row.pk, "message_id": row.message_id} for row in rows]),
    )
    if len(found) != len(rows):
        raise RuntimeError("A recipient was handed over by somebody else at the same time.")


def _hand_over_again(campaign: Campaign, rows: Sequence[Recipient]) -> None:
    """Let failed messages be sent once more: each once for one wish to retry."""
    if not rows:
        return
    verdicts = judge(campaign, rows)
    wanted = [row.message_id for row, v in zip(rows, verdicts, strict=True) if v.letter]
    failed = Message.objects.filter(pk__in=wanted, status=Message.FAILED).order_by("pk")
    keys = list(failed.select_for_update().values_list("pk", flat=True))
    Part.objects.filter(message__in=keys).delete()  # of the attempt that failed
    source = bulk.source({"id": bulk.INT, "reference": bulk.TEXT, "at": bulk.TIME})
    at = bulk.stamp(timezone.now())
    bulk.run(
        "UPDATE routing_message SET status = 'queued', reason = '', provider_id = '', "
        f"reference = i.reference, due_at = i.at, attempts = 0 FROM ({source}) AS i "
        "WHERE routing_message.id = i.id",
        bulk.rows([{"id": pk, "reference": new_reference(), "at": at} for pk in keys]),
    )
    Campaign.objects.filter(pk=campaign.pk).update(retried_to=rows[-1].pk)
    follow(keys)
    outbox.ring_on_commit(campaign.number.channel_id)
