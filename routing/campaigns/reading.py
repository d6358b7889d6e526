"""Reads lists into recipients, a thousand lines in each transaction.

A line is read once and only once: how far the reading is stands in the campaign's row, and changes
with the recipients. Whoever goes on after a crash goes on there.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from time import monotonic
from typing import IO

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from channels_app.fields import normalise
from providers.base import Provider

from ..desk import Refused
from ..desk.starting import address_of
from ..models import Campaign, Customer, Message, Recipient
from ..models.recipients import count
from . import lists

log = logging.getLogger(__name__)

BATCH = 1_000
CLEARED = 10_000  # recipients of a list that was replaced, in one transaction


def read_some(seconds: float = 20.0) -> bool:
    """Go on with the lists that wait to be read; returns whether something is left."""
    until = monotonic() + seconds
    unread = ~Q(list_file="") | Q(copies__isnull=False)
    waiting = Campaign.objects.kept().filter(unread, state=Campaign.DRAFT, list_fault="")
    for campaign in waiting.select_related("number__channel", "copies").order_by("pk"):
        try:
            (copy if campaign.copies else read)(campaign, until)
        except lists.Unreadable as error:
            Campaign.objects.filter(pk=campaign.pk).update(list_fault=str(error)[:500])
        except OSError as error:  # the storage is away: the next round tries again
            log.warning("The list of campaign %s cannot be opened: %s", campaign.pk, error)
        if monotonic() > until:
            return True
    return False


def read(campaign: Campaign, until: float) -> None:
    """Read the campaign's list to its end, or until then. Raises Unreadable or OSError."""
    while campaign.clearing and monotonic() < until:
        _clear(campaign)
    if campaign.clearing:
        return
    campaign.refresh_from_db(fields=["lines_read", "list_from", "list_file"])
    if not campaign.list_file:
        return
    with campaign.list_file.open("rb") as file:
        region = campaign.region_or_default
        dialect = lists.understand(file, region, campaign.number_column)
        done = campaign.lines_read - campaign.list_from
        with closing(lists.records(file, dialect, done)) as lines:
            while monotonic() < until and _batch(campaign, dialect, lines, file):
                pass


def _batch(
    campaign: Campaign, dialect: lists.Dialect, lines: Iterator[list[str]], file: IO[bytes]
) -> bool:
    """Read the next lines; returns whether there may be more for this reader."""
    found = list(islice(lines, BATCH))
    with transaction.atomic():
        now = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if now.lines_read != campaign.lines_read or now.list_file != campaign.list_file:
            return False  # somebody else reads it, or it was replaced
        rows = _rows(campaign, dialect, found)
        _mark_duplicates(campaign, rows)
        Recipient.objects.bulk_create(rows)
        campaign.lines_read += len(found)
        campaign.columns = [name for name in dialect.columns if name]
        changes = {"lines_read": campaign.lines_read, "columns": campaign.columns}
        changes["list_read"] = min(file.tell(), campaign.list_size)
        if len(found) < BATCH:
            changes |= {"list_file": "", "list_read": campaign.list_size}
            transaction.on_commit(lambda: campaign.list_file.storage.delete(now.list_file.name))
        Campaign.objects.filter(pk=campaign.pk).update(**changes)
        count((campaign.pk, state, n) for state, n in Counter(r.state for r in rows).items())
    return len(found) == BATCH


def _rows(
    campaign: Campaign, dialect: lists.Dialect, found: Sequence[list[str]]
) -> list[Recipient]:
    provider, region = campaign.channel.provider_class, campaign.region_or_default
    rows = []
    for line, cells in enumerate(found, campaign.lines_read + 1):
        given, values = lists.cleaned(cells, dialect)
        row = Recipient(campaign=campaign, line=line, given=given[:64], values=values)
        try:
            row.address = _address(provider, given, region)
        except ValidationError as error:
            row.state, row.reason = Recipient.LEFT_OUT, Recipient.INVALID
            row.detail = error.messages[0][:300]
        rows.append(row)
    return rows


def _address(provider: type[Provider], given: str, region: str) -> str:
    """Whom a line means. Raises ValidationError."""
    if not given:
        raise ValidationError("The line has no number.")
    if provider.network != Customer.PHONE:
        try:
            return address_of(provider, given)
        except Refused as error:
            raise ValidationError(str(error)) from None
    number = normalise(given, region)
    try:
        possible = phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        possible = False
    if not possible:
        raise ValidationError(f"{number} is not a possible phone number.")
    return number


def _mark_duplicates(campaign: Campaign, rows: Sequence[Recipient]) -> None:
    """Of those with the same address, only the first is written to."""
    given = {row.address for row in rows if row.address}
    same = Recipient.objects.filter(campaign=campaign, address__in=given)
    kept = same.exclude(reason__in=[Recipient.INVALID, Recipient.DUPLICATE])
    seen = dict(kept.values_list("address", "line"))
    for row in rows:
        if not row.address:
            continue
        first = seen.setdefault(row.address, row.line)
        if first != row.line:
            row.state, row.reason = Recipient.LEFT_OUT, Recipient.DUPLICATE
            row.detail = f"The same number is in line {first}."


def copy(campaign: Campaign, until: float) -> None:
    """Copy the recipients of the campaign that this one repeats, to their end or until then."""
    while monotonic() < until and _copy_batch(campaign):
        pass


def _copy_batch(campaign: Campaign) -> bool:
    with transaction.atomic():
        now = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if now.copies_id is None or now.list_read != campaign.list_read:
            return False
        theirs = Recipient.objects.filter(campaign=now.copies_id, line__gt=now.list_read)
        found = list(theirs.order_by("line")[:BATCH])
        rows = [_copied(campaign, row) for row in found if not now.copies_unsent or _unsent(row)]
        for row in rows:
            now.lines_read += 1
            row.line = now.lines_read
        Recipient.objects.bulk_create(rows)
        now.list_read = found[-1].line if found else now.list_read
        if len(found) < BATCH:
            now.copies, now.list_size = None, now.list_read
        now.save(update_fields=["lines_read", "list_read", "list_size", "copies"])
        campaign.list_read = now.list_read
        count((campaign.pk, state, n) for state, n in Counter(r.state for r in rows).items())
    return len(found) == BATCH


def _copied(campaign: Campaign, row: Recipient) -> Recipient:
    of_the_list = row.reason in (Recipient.INVALID, Recipient.DUPLICATE)
    return Recipient(
        campaign=campaign,
        given=row.given,
        address=row.address,
        values=row.values,
        state=Recipient.LEFT_OUT if of_the_list else Recipient.WAITING,
        reason=row.reason if of_the_list else "",
        detail=row.detail if of_the_list else "",
    )


def _unsent(row: Recipient) -> bool:
    """Whether this recipient got nothing, and might have. An unknown one may have got it."""
    if row.state == Recipient.LEFT_OUT:
        return row.reason not in (Recipient.INVALID, Recipient.DUPLICATE)
    return row.state in (Recipient.WAITING, Message.FAILED)


def clear_deleted(seconds: float = 10.0) -> bool:
    """Take away what is left of deleted campaigns; returns whether something still is."""
    until = monotonic() + seconds
    for campaign in Campaign.objects.filter(deleted_at__isnull=False):
        campaign.clearing = True
        while campaign.clearing:
            if monotonic() > until:
                return True
            _clear(campaign)
        for file in (campaign.list_file, campaign.file):
            if file:
                file.delete(save=False)
        campaign.delete()
    return False


def _clear(campaign: Campaign) -> None:
    """Take away recipients of the list that was replaced, and remember once none is left."""
    with transaction.atomic():
        now = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if not now.clearing and now.deleted_at is None:
            campaign.clearing = False  # somebody else has done it
            return
        rows = Recipient.objects.filter(campaign=campaign).order_by("line")
        keys = list(rows.values_list("pk", flat=True)[:CLEARED])
        gone = Counter(
            Recipient.objects.filter(pk__in=keys).order_by().values_list("state", flat=True)
        )
        Recipient.objects.filter(pk__in=keys).delete()
        count((campaign.pk, state, -n) for state, n in gone.items())
        if len(keys) < CLEARED:
            Campaign.objects.filter(pk=campaign.pk).update(clearing=False)
            campaign.clearing = False


def replace_list(campaign: Campaign) -> None:
    """Let the recipients there are go before the next list is read. Save the campaign."""
    campaign.clearing = True
    campaign.lines_read = campaign.list_from = 0
    campaign.checked_to, campaign.checked, campaign.segments = 0, False, 0
    campaign.columns, campaign.list_fault = [], ""


def append_list(campaign: Campaign) -> None:
    """Let the next list be read after those that were. Save the campaign."""
    campaign.list_from = campaign.lines_read
    campaign.checked, campaign.list_fault = False, ""
