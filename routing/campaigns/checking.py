"""Who will not get a campaign, and why: asked before it starts, and again as each message is made.

Each question is asked for a batch of recipients, never for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from channels_app.models import Number
from providers import segments
from providers.base import Provider

from ..desk import Refused, check
from ..desk.limits import UNITS, measure
from ..models import Campaign, Customer, Recipient, Session, bulk
from ..models.campaigns import CampaignQuerySet
from ..models.recipients import count
from .texts import Lacking, fill

BATCH = 1_000
#: Reasons that come with the list; no text changes them.
_OF_THE_LIST = (Recipient.INVALID, Recipient.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one recipient is to get; of a template, how it reads, and how a message keeps it."""

    text: str
    segments: int = 0
    template: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A letter, or the reason why there is none."""

    letter: Letter | None = None
    reason: str = ""
    detail: str = ""


def opted_out(number: Number, addresses: Collection[str]) -> set[str]:
    """Those of the addresses who want no messages from this number."""
    return set()


def judge(campaign: Campaign, rows: Sequence[Recipient]) -> list[Verdict]:
    """What each of these recipients gets, by the rules as they are now; two queries at most."""
    number, provider = campaign.number, campaign.channel.adapter
    addresses = {row.address for row in rows}
    refusing = opted_out(number, addresses)
    wrote_at: dict[str, datetime] = {}
    closes = provider.window_hours is not None and campaign.template is None
    if closes or not provider.starts:
        wrote_at = _wrote_at(number, provider, addresses)
    verdicts = []
    for row in rows:
        if row.address in refusing:
            verdicts.append(Verdict(reason=Recipient.OPTED_OUT))
        elif row.address == number.value:
            detail = "It is the number that the messages leave from."
            verdicts.append(Verdict(reason=Recipient.UNREACHABLE, detail=detail))
        elif not provider.starts and row.address not in wrote_at:
            detail = f"In {provider.name} only the customer can begin."
            verdicts.append(Verdict(reason=Recipient.UNREACHABLE, detail=detail))
        elif closes and not _open(provider, wrote_at.get(row.address)):
            hours = f"{provider.window_hours:g}"
            detail = f"{provider.name} takes free texts within {hours} hours of the last message."
            verdicts.append(Verdict(reason=Recipient.WINDOW, detail=detail))
        else:
            verdicts.append(_written(campaign, provider, row))
    return verdicts


def letter_for(campaign: Campaign, address: str, values: dict[str, str]) -> Letter:
    """The campaign's text, or template, filled. Raises Lacking."""
    given = {**values, "number": values.get("number") or address}
    if campaign.template:
        filled = tuple(fill(value, given) for value in campaign.values)
        text = campaign.template.filled(filled)
        lacking = [
            name
            for name, value in zip(campaign.template.variables, filled, strict=False)
            if not value.strip()
        ]
        if lacking or len(filled) < len(campaign.template.variables):
            raise Lacking(lacking or campaign.template.variables[len(filled) :])
        chosen = {"template": campaign.template.pk, "values": list(filled)}
        return Letter(text, _segments(campaign, text), chosen)
    text = fill(campaign.text, given).strip()
    return Letter(text, _segments(campaign, text))


def check_some(seconds: float = 20.0) -> bool:
    """Go on with the recipients that are not checked yet; returns whether something is left."""
    until = monotonic() + seconds
    for pk in _unchecked().exclude(lines_read=0).order_by("pk").values_list("pk", flat=True):
        while _check_batch(pk):
            if monotonic() > until:
                return True
    return False


def check_again(campaign: Campaign) -> None:
    """Let all recipients be checked anew, as the text or the channel changed. Save the campaign."""
    campaign.checked_to, campaign.checked, campaign.segments = 0, False, 0


# --- inside ------------------------------------------------------------------------------------


def _unchecked() -> CampaignQuerySet:
    """The drafts whose lists are read to the end."""
    drafts = Campaign.objects.kept().filter(state=Campaign.DRAFT, checked=False)
    return drafts.filter(list_file="", copies=None)


def _check_batch(pk: int) -> bool:
    """Check the recipients that come next; returns whether there may be more."""
    with transaction.atomic():
        held = _unchecked().select_for_update(of=("self",)).filter(pk=pk)
        campaign = held.select_related("number__channel", "template").first()
        if campaign is None:
            return False
        later = Recipient.objects.filter(campaign=campaign, line__gt=campaign.checked_to)
        rows = list(later.order_by("line")[:BATCH])
        asked = [row for row in rows if row.reason not in _OF_THE_LIST]
        changed, states, total = [], Counter[str](), 0
        for row, verdict in zip(asked, judge(campaign, asked), strict=True):
            state = Recipient.WAITING if verdict.letter else Recipient.LEFT_OUT
            size = verdict.letter.segments if verdict.letter else 0
            total += size
            states[row.state] -= 1
            states[state] += 1
            now = (state, verdict.reason, verdict.detail[:300], size)
            if now != (row.state, row.reason, row.detail, row.segments):
                changed.append((row.pk, *now))
        _write(changed)
        Campaign.objects.filter(pk=pk).update(
            checked_to=rows[-1].line if rows else campaign.checked_to,
            checked=len(rows) < BATCH,
            segments=F("segments") + total,
        )
        count((pk, state, n) for state, n in states.items())
    return len(rows) == BATCH


_CHANGE = {
    "id": bulk.INT,
    "state": bulk.TEXT,
    "reason": bulk.TEXT,
    "detail": bulk.TEXT,
    "segments": bulk.INT,
}


def _write(changed: Sequence[tuple[object, ...]]) -> None:
    if changed:
        bulk.run(
            "UPDATE routing_recipient SET state = i.state, reason = i.reason, detail = i.detail, "
            f"segments = i.segments FROM ({bulk.source(_CHANGE)}) AS i "
            "WHERE routing_recipient.id = i.id",
            bulk.rows([dict(zip(_CHANGE, row, strict=True)) for row in changed]),
        )


def _written(campaign: Campaign, provider: Provider, row: Recipient) -> Verdict:
    try:
        letter = letter_for(campaign, row.address, row.values)
    except Lacking as lacking:
        return Verdict(reason=Recipient.VARIABLE, detail=f"Nothing for {lacking}.")
    if campaign.template is None and not (campaign.file and not letter.text):
        try:
            _check_text(campaign, provider, letter.text)
        except Refused as error:
            return Verdict(reason=Recipient.TEXT, detail=str(error))
    return Verdict(letter)


def _check_text(campaign: Campaign, provider: Provider, text: str) -> None:
    """Raise Refused unless the text can travel, beside the campaign's file if it has one."""
    check(provider, text)
    most = provider.media.max_text if campaign.file and provider.media else None
    if most is not None and measure(text, provider.text_unit) > most:
        takes = f"at most {most:,} {UNITS[provider.text_unit]}" if most else "no text"
        raise Refused(f"{provider.name} takes {takes} beside a file.")


def _segments(campaign: Campaign, text: str) -> int:
    phone = campaign.channel.provider_class.network == Customer.PHONE
    return segments.count(text).segments if text and phone else 0


def _wrote_at(
    number: Number, provider: Provider, addresses: Collection[str]
) -> dict[str, datetime]:
    """When each of these customers last wrote to the number, as far as they did."""
    sessions = Session.objects.filter(
        number=number,
        inbound_at__isnull=False,
        customer__network=provider.network,
        customer__address__in=addresses,
    )
    last = sessions.order_by().values("customer__address").annotate(last=Max("inbound_at"))
    return dict(last.values_list("customer__address", "last"))


def _open(provider: Provider, wrote_at: datetime | None) -> bool:
    hours = timedelta(hours=provider.window_hours or 0)
    return wrote_at is not None and wrote_at + hours > timezone.now()
