"""Writing to the same customer from another of our numbers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_app.models import Number

from .. import desk
from ..models import Message, Session
from .access import AgentRequest, agent
from .actions import REFUSALS
from .filling import check_filled
from .pages import desk_page, visible


@require_http_methods(["GET", "POST"])
@agent
def write_from(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of the other numbers; then the composer's text, sent from one of them."""
    found, form, refusal = visible(request, pk), request.POST, ""
    numbers = desk.other_numbers(request.extension, found)
    if request.method == "POST":
        try:
            text, key = form.get("text", ""), form.get("client_key", "")[:64]
            check_filled(text)
            wanted = {"upload": request.FILES.getlist("files"), "client_key": key}
            number = _chosen(request, numbers)
            there = desk.write_elsewhere(request.extension, found, number, text, **wanted)
            desk.forget_draft(request.extension, found)
            return _opened(request, there)
        except REFUSALS as error:
            refusal = str(error)
    return _dialog(request, found, numbers, refusal)


@require_http_methods(["GET", "POST"])
@agent
def send_from(request: AgentRequest, pk: int, message: int) -> HttpResponse:
    """The dialog of the other numbers for a message that failed; then the same from there."""
    found, refusal = visible(request, pk), ""
    failed = get_object_or_404(found.messages.filter(direction=Message.OUT), pk=message)
    numbers = desk.other_numbers(request.extension, found)
    if request.method == "POST":
        try:
            number = _chosen(request, numbers)
            return _opened(request, desk.send_elsewhere(request.extension, failed, number))
        except REFUSALS as error:
            refusal = str(error)
    return _dialog(request, found, numbers, refusal, failed)


def _chosen(request: AgentRequest, numbers: list[Number]) -> Number:
    key = request.POST.get("number", "")
    found = next((each for each in numbers if str(each.pk) == key), None)
    if found is None:
        raise desk.Refused(_("Choose the number to write from."))
    return found


def _opened(request: AgentRequest, there: Session) -> HttpResponse:
    address = reverse("session", args=[there.pk])
    if request.htmx:
        return HttpResponse(status=204, headers={"X-Parley-Open": address})
    return redirect(address)


def _dialog(
    request: AgentRequest,
    found: Session,
    numbers: list[Number],
    refusal: str,
    failed: Message | None = None,
) -> HttpResponse:
    context = {"session": found, "numbers": numbers, "refusal": refusal, "failed": failed}
    status = 422 if refusal else 200
    if request.htmx:
        return render(request, "inbox/_elsewhere.html", context, status=status)
    return desk_page(request, "inbox/_elsewhere.html", context, status=status)
