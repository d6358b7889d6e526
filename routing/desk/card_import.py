"""Importing customers: a file becomes rows; workers check and apply them in batches.

What was done stands in the rows, in the transaction that did it: a crash loses and repeats nothing.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import time
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.formats.base_formats import CSV

from .. import outbox
from ..language import spoken_to
from ..models import AgentSettings, CardField, CardImport, Extension, ImportRow
from .card_columns import meaning
from .card_rows import apply, check
from .refusing import Refused

log = logging.getLogger(__name__)

TASK = "routing.import_cards"
MOST_BYTES, MOST_ROWS = 50_000_000, 200_000
BATCH = 500
AT_ONCE = 120.0  # seconds of work before another worker may take over


def begin(
    user: Any, extension: Extension | None, file: File[Any] | None, country: str
) -> CardImport:
    """Keep a file to be imported and call a worker to look at it. Raises Refused."""
    country, name = country.strip().upper(), (file.name if file else "") or "customers.csv"
    if file is None:
        raise Refused(_("Choose a file."))
    if country and not re.fullmatch("[A-Z]{2}", country):
        raise Refused(_("Write the country with two letters, like CH."))
    if not file.size:
        raise Refused(_("The file is empty."))
    if file.size > MOST_BYTES:
        raise Refused(_("The file is too large: at most 50 MB."))
    made = CardImport(user=user, extension=extension, name=name[:255], country=country)
    made.file.save("customers.csv", file, save=False)
    made.save()
    transaction.on_commit(call)
    return made


def want(job: CardImport) -> None:
    """Somebody saw what would happen, and wants it. Raises Refused if that is no longer open."""
    ready = CardImport.objects.filter(pk=job.pk, ended_at=None, wanted_at=None)
    if not ready.exclude(checked_at=None).update(wanted_at=timezone.now()):
        raise Refused(_("This import has begun or ended already."))
    transaction.on_commit(call)


def stop(job: CardImport) -> None:
    """End an import where it is. What was done stays done."""
    CardImport.objects.filter(pk=job.pk, ended_at=None).update(ended_at=timezone.now())


def call() -> None:
    """Call a worker; if nobody hears it, beat does."""
    outbox.ring_for(TASK)


def work() -> None:
    """Do what open imports need, for a while."""
    until = time.monotonic() + AT_ONCE
    for job in CardImport.objects.filter(ended_at=None).order_by("pk"):
        try:
            with spoken_to(AgentSettings.of(job.extension) if job.extension else AgentSettings()):
                while job.working and time.monotonic() < until:
                    step(job)
                    job.refresh_from_db()
        except Exception:  # one import's trouble is not the others'
            log.exception("The import %s failed", job.pk)
            problem = _("This import failed. An administrator finds the reason in the log.")
            CardImport.objects.filter(pk=job.pk).update(problem=problem, ended_at=timezone.now())


def step(job: CardImport) -> None:
    """The next piece of work: reading the file, or one batch."""
    if not job.read_at:
        _read(job)
        return
    with transaction.atomic():
        now = CardImport.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if not now.working:
            return
        applying = now.wanted_at is not None
        rows = ImportRow.objects.filter(job=job, **({"outcome": ""} if applying else {"plan": ""}))
        batch = list(rows.order_by("line")[:BATCH])
        if not batch:
            name = "ended_at" if applying else "checked_at"
            CardImport.objects.filter(pk=job.pk).update(**{name: timezone.now()})
        elif applying:
            done = apply(now, batch)
            CardImport.objects.filter(pk=job.pk).update(done=now.done + done)
        else:
            check(now, batch)
            CardImport.objects.filter(pk=job.pk).update(checked=now.checked + len(batch))


def _read(job: CardImport) -> None:
    with job.file.open("rb") as file:
        raw = file.read()
    free = list(CardField.objects.all())
    try:
        found = _table(raw)
    except (csv.Error, ValueError) as error:
        log.info("The import %s cannot be read: %s", job.pk, error)
        return _unusable(job, _("This is no CSV file with a line of column names."))
    means = {str(n): meaning(str(h), free) for n, h in enumerate(found.headers or [])}
    columns = {place: word for place, word in means.items() if word}
    if not columns:
        return _unusable(job, _("None of the columns is known. Name them like name, phone, email."))
    if len(found) > MOST_ROWS:
        return _unusable(job, _("The file has more than 200,000 lines."))
    rows = (
        ImportRow(job=job, line=n, cells=[str(cell or "")[:20_000] for cell in cells])
        for n, cells in enumerate(found, 2)
    )
    with transaction.atomic():
        ImportRow.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
        told = {
            "columns": columns,
            "ignored": [h for h, m in zip(found.headers, means.values(), strict=True) if not m],
        }
        CardImport.objects.filter(pk=job.pk).update(
            total=len(found), read_at=timezone.now(), columns=told
        )
    job.file.delete(save=False)
    CardImport.objects.filter(pk=job.pk).update(file="")


def _table(raw: bytes) -> Any:
    """The lines of a CSV file, whatever its encoding and delimiter."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    text = text.replace("\x00", "")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    width = max((len(line) for line in lines), default=0)
    if not width:
        raise ValueError("nothing in it")
    even = io.StringIO()
    writer = csv.writer(even)
    for line in csv.reader(io.StringIO(text), delimiter=delimiter):
        if any(cell.strip() for cell in line):
            writer.writerow(line + [""] * (width - len(line)))
    return CSV().create_dataset(even.getvalue())


def _unusable(job: CardImport, problem: str) -> None:
    job.file.delete(save=False)
    CardImport.objects.filter(pk=job.pk).update(
        problem=problem, ended_at=timezone.now(), file="", read_at=timezone.now()
    )
