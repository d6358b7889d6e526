"""What became of each recipient, as a CSV file that streams."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.text import slugify

from routing.models import Campaign, Recipient

BATCH = 2_000
HEAD = ("line", "number", "given", "state", "reason", "sent_at", "delivered_at", "answered_at")


class _Line:
    """What csv writes to: hands the line back."""

    def write(self, line: str) -> str:
        return line


def download(campaign: Campaign) -> StreamingHttpResponse:
    """All recipients with their states and the list's columns. No more than a batch is held."""
    answer = StreamingHttpResponse(_lines(campaign), content_type="text/csv; charset=utf-8")
    name = slugify(campaign.name) or "campaign"
    answer["Content-Disposition"] = f'attachment; filename="{name}-{campaign.pk}.csv"'
    answer["Cache-Control"] = "no-store, private"
    return answer


def _lines(campaign: Campaign) -> Iterator[str]:
    write = csv.writer(_Line()).writerow
    columns = list(campaign.columns)
    yield "\ufeff" + write([*HEAD, *map(_plain, columns)])  # so that Excel reads it as UTF-8
    keys = [" ".join(each.split()).casefold() for each in columns]
    line = 0
    while True:
        rows = _batch(campaign, line)
        for row in rows:
            yield write([*_told(row), *(_plain(row.values.get(key, "")) for key in keys)])
        if len(rows) < BATCH:
            return
        line = rows[-1].line


def _batch(campaign: Campaign, after: int) -> list[Recipient]:
    mine = Recipient.objects.filter(campaign=campaign, line__gt=after).order_by("line")
    return list(mine.select_related("message")[:BATCH])


def _told(row: Recipient) -> list[Any]:
    message = row.message
    reason = row.get_reason_display() if row.reason else message.reason if message else ""
    if row.detail:
        reason = f"{reason}: {row.detail}"
    times = (
        message and message.sent_at,
        message and message.delivered_at,
        row.answered_at,
    )
    written = [at.isoformat(timespec="seconds") if at else "" for at in times]
    return [
        row.line,
        row.address,
        _plain(row.given),
        row.get_state_display(),
        _plain(reason),
        *written,
    ]


def _plain(value: str) -> str:
    """A cell that no spreadsheet takes for a formula. Phone numbers with "+" are no danger."""
    if value[:1] in ("=", "-", "@", "\t", "\r") or (value[:1] == "+" and not value[1:].isdigit()):
        return "'" + value
    return value
