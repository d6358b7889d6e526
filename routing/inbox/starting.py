"""Starting a session: the page, and the first message."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from .. import desk
from .access import AgentRequest, agent
from .pages import desk_page


@require_http_methods(["GET", "POST"])
@agent
def new_session(request: AgentRequest) -> HttpResponse:
    """A form with the numbers this agent may use; then the session it began."""
    numbers, refusal = desk.numbers_to_start_from(request.extension), ""
    if request.method == "POST":
        form, chosen = request.POST, request.POST.get("number", "")
        number = numbers.filter(pk=chosen).first() if chosen.isdecimal() else None
        try:
            if number is None:
                raise desk.Refused("Choose the number to write from.")
            session = desk.start(
                request.extension,
                number,
                form.get("recipient", ""),
                form.get("text", ""),
                client_key=form.get("client_key", "")[:64],
            )
            return _shown(request, session.pk)
        except (desk.Refused, desk.AlreadyTaken, desk.SessionClosed) as error:
            refusal = str(error)
    context = {
        "numbers": numbers,
        "refusal": refusal,
        "typed": request.POST or request.GET,
        "key": request.POST.get("client_key") or uuid4().hex,
    }
    return desk_page(request, "inbox/_start.html", context, status=422 if refusal else 200)


def _shown(request: AgentRequest, pk: int) -> HttpResponse:
    address = reverse("session", args=[pk])
    if request.htmx:
        return HttpResponse(status=204, headers={"X-Parley-Open": address})
    return redirect(address)
