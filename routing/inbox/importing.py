"""Importing and exporting customers, for agents with the permission."""

from __future__ import annotations

import csv
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..desk import card_import
from ..desk.card_columns import CardResource, cards_in_chunks
from ..desk.refusing import Refused
from ..models import Card, CardImport, ImportRow
from .access import AgentRequest, agent
from .customers import book_page

PAGE = 50


class _Echo:
    """A file of which each line is handed on at once."""

    def write(self, line: str) -> str:
        return line


def export_of(found: Any) -> StreamingHttpResponse:
    """These cards as a CSV file, written while it is read."""
    writer = csv.writer(_Echo())
    lines = CardResource().lines(cards_in_chunks(found))
    answer = StreamingHttpResponse(
        ("\ufeff" * (n == 0) + writer.writerow(line) for n, line in enumerate(lines)),
        content_type="text/csv; charset=utf-8",
    )
    name = f"customers-{timezone.localdate():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
@agent
def export(request: AgentRequest) -> HttpResponse:
    """All customers that the agent may see, as a file."""
    allow(request, "routing.export_card")
    return export_of(Card.objects.seen_by(request.extension))


@require_http_methods(["GET", "POST"])
@agent
def upload(request: AgentRequest) -> HttpResponse:
    """The form for a file, with one's last imports; then the new import's page."""
    allow(request, "routing.import_card")
    refusal = ""
    if request.method == "POST":
        try:
            made = begun(request, request.extension)
            return redirect("import", made.pk)
        except Refused as refused:
            refusal = str(refused)
    last = CardImport.objects.filter(user=request.user)[:10]
    context = {"refusal": refusal, "last": last, "country": settings.PHONE_REGION}
    return book_page(request, "inbox/_import_new.html", context, status=422 if refusal else 200)


@require_safe
@agent
def page(request: AgentRequest, pk: int) -> HttpResponse:
    """How far an import is, what it would do, and what it did. htmx asks again while it works."""
    allow(request, "routing.import_card")
    context = progress(_own(request, pk), request)
    if request.htmx and request.htmx.target == "import":
        return render(request, "inbox/_import_progress.html", context)
    return book_page(request, "inbox/_import.html", context)


@require_POST
@agent
def act(request: AgentRequest, pk: int) -> HttpResponse:
    """Begin what was looked at, or end it."""
    allow(request, "routing.import_card")
    job = _own(request, pk)
    try:
        if request.POST.get("act") == "stop":
            card_import.stop(job)
        else:
            card_import.want(job)
    except Refused:
        pass  # pressed twice; the page says how far it is
    return redirect("import", pk)


def begun(request: HttpRequest, extension: Any = None) -> CardImport:
    """The import of the file that was posted. Raises Refused."""
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("Choose a file."))
    country = request.POST.get("country", "").strip().upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise Refused(_("Write the country with two letters, like CH."))
    return card_import.begin(request.user, extension, file.name or "file.csv", file, country)


def progress(job: CardImport, request: HttpRequest) -> dict[str, Any]:
    """What the page of an import shows: counts, and a page of its lines."""
    applied = job.wanted_at is not None
    column = "outcome" if applied else "plan"
    counted = dict(job.rows.order_by().values_list(column).annotate(n=Count("pk")))
    shown = request.GET.get("plan", "")
    shown = shown if shown in ImportRow.PLANS else ""
    rows = job.rows.filter(**{column: shown}) if shown else job.rows.exclude(**{column: ""})
    after = request.GET.get("after", "")
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


def allow(request: HttpRequest, permission: str) -> None:
    """Raise a 403 for who may not."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _own(request: AgentRequest, pk: int) -> CardImport:
    return get_object_or_404(CardImport.objects.filter(user=request.user), pk=pk)
