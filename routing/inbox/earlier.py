"""Earlier sessions of the same customer: those that the agent may see, folded in on demand."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..models import Extension, Message, Session
from . import bubbles
from .access import AgentRequest, agent
from .pages import desk_page, readable, visible

MOST = 50


@dataclass(frozen=True)
class Fold:
    """One earlier session, and who closed it."""

    session: Session
    closer: Extension | None


@require_safe
@agent
def earlier(request: AgentRequest, pk: int) -> HttpResponse:
    """The customer's sessions before this one, oldest first."""
    before = Session.objects.before(readable(request, pk), request.extension)
    found = list(before.select_related("number", "holder", "queue").order_by("-opened_at")[:MOST])
    lines = Message.objects.filter(session__in=found, event="closed").select_related("author")
    closers = {line.session_id: line.author for line in lines}
    folds = [Fold(each, closers.get(each.pk)) for each in reversed(found)]
    if request.htmx:
        return render(request, "inbox/_earlier.html", {"folds": folds})
    return desk_page(request, "inbox/_earlier.html", {"folds": folds})


@require_safe
@agent
def folded(request: AgentRequest, pk: int) -> HttpResponse:
    """The newest messages of an earlier session, to be read only."""
    found = visible(request, pk)
    found.guest = True
    shown, more = bubbles.newest(found)
    context = {"session": found, "bubbles": shown, "more": more}
    if request.htmx:
        return render(request, "inbox/_folded.html", context)
    return desk_page(request, "inbox/_folded.html", context)
