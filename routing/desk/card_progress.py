"""How far an import of customers is, for the pages that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count

from ..models import CardImport, ImportRow

PAGE = 50


def progress(job: CardImport, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the page of an import shows: counts, and a page of its lines."""
    applied = job.wanted_at is not None
    column = "outcome" if applied else "plan"
    counted = dict(job.rows.order_by().values_list(column).annotate(n=Count("pk")))
    shown = asked.get("plan", "")
    shown = shown if shown in ImportRow.PLANS else ""
    rows = job.rows.filter(**{column: shown}) if shown else job.rows.exclude(**{column: ""})
    after = asked.get("after", "")
    if after.isdecimal() and len(after) < 10:
        rows = rows.filter(line__gt=int(after))
    lines = list(rows.order_by("line")[: PAGE + 1]) if not job.working else []
    done = job.done if applied else job.checked
    return {
        "job": job,
        "applied": applied,
        "done": done,
        "percent": 100 * done // job.total if job.total else 0,
        "counts": [(key, name, counted.get(key, 0)) for key, name in ImportRow.PLANS.items()],
        "lines": [(row, getattr(row, f"get_{column}_display")()) for row in lines[:PAGE]],
        "more": lines[PAGE - 1].line if len(lines) > PAGE else None,
        "shown": shown,
        "useful": any(counted.get(key) for key in (ImportRow.NEW, ImportRow.CHANGE)),
    }
