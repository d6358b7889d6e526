"""Closing a session, with what the administrator wants to know."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from .. import desk
from ..models import Session
from .access import AgentRequest, agent
from .actions import REFUSALS, outcome, refused
from .pages import desk_page, number, visible


@require_POST
@agent
def close(request: AgentRequest, pk: int) -> HttpResponse:
    """Close the session; first ask, where something is to be asked and was not."""
    found, form = visible(request, pk), request.POST
    asked = desk.question(found) if not found.closed_at else None
    if asked and "asked" not in form:
        return _ask(request, found, asked)
    try:
        category = number(form.get("category"))
        desk.close_with(request.extension, found, category, form.get("closing_note", ""))
    except desk.Refused as refusal:
        return _ask(request, found, asked or desk.question(found), str(refusal))
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk)


def _ask(
    request: AgentRequest, found: Session, asked: desk.Question, refusal: str = ""
) -> HttpResponse:
    context = {
        "session": found,
        "asked": asked,
        "refusal": refusal,
        "chosen": request.POST.get("category", ""),
        "typed": request.POST.get("closing_note", ""),
        "next": "next" in request.POST,
    }
    if request.htmx:
        answer = render(request, "inbox/_close.html", context, status=422)
        answer["X-Parley-Ask"] = "1"
        return answer
    return desk_page(request, "inbox/_close.html", context, status=422)
