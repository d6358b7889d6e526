"""Importing and exporting customers, for agents with the permission."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..desk import card_import
from ..desk.card_columns import csv_of, file_name
from ..desk.card_progress import progress
from ..desk.refusing import Refused
from ..models import Card, CardImport
from .access import AgentRequest, agent
from .customers import book_page


@require_safe
@agent
def export(request: AgentRequest) -> HttpResponse:
    """All customers that the agent may see, as a file."""
    allow(request, "routing.export_card")
    found = csv_of(Card.objects.seen_by(request.extension))
    answer = StreamingHttpResponse(found, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name()}"'
    return answer


@require_http_methods(["GET", "POST"])
@agent
def upload(request: AgentRequest) -> HttpResponse:
    """The form for a file, with one's last imports; then the new import's page."""
    allow(request, "routing.import_card")
    refusal = ""
    if request.method == "POST":
        try:
            file, country = request.FILES.get("file"), request.POST.get("country", "")
            made = card_import.begin(request.user, request.extension, file, country)
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
    context = progress(_own(request, pk), request.GET)
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


def allow(request: HttpRequest, permission: str) -> None:
    """Raise a 403 for who may not."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _own(request: AgentRequest, pk: int) -> CardImport:
    return get_object_or_404(CardImport.objects.filter(user=request.user), pk=pk)
