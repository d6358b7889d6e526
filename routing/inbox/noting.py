"""Private notes, and the colleagues they mention."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from .. import desk
from ..models import Extension, Mention
from .access import AgentRequest, agent
from .actions import refused
from .pages import desk_page, readable, render_news

SHOWN = 50


@require_POST
@agent
def note(request: AgentRequest, pk: int) -> HttpResponse:
    """Add a note to a session that the agent may read."""
    found, form = readable(request, pk), request.POST
    try:
        desk.note(request.extension, found, form.get("note", ""), form.get("client_key", "")[:64])
    except desk.Refused as refusal:
        return refused(request, pk, refusal)
    return render_news(request, found) if request.htmx else redirect("session", pk)


@require_safe
@agent
def colleagues(request: AgentRequest) -> HttpResponse:
    """All who can be mentioned; namesakes go by their number."""
    others = list(Extension.objects.exclude(pk=request.extension.pk))
    names = [each.name.casefold() for each in others]
    offers = [
        (each, each.name if names.count(each.name.casefold()) == 1 else each.number)
        for each in others
    ]
    return render(request, "inbox/_colleagues.html", {"offers": offers})


@require_safe
@agent
def mentions(request: AgentRequest) -> HttpResponse:
    """Where the agent was mentioned, newest first."""
    mine = Mention.objects.filter(extension=request.extension).order_by("-pk")
    found = mine.select_related("session__customer", "message__author")[:SHOWN]
    return desk_page(request, "inbox/_mentions.html", {"mentions": found})


@require_safe
@agent
def unseen(request: AgentRequest) -> HttpResponse:
    """In how many sessions the agent is mentioned and has not looked."""
    mine = Mention.objects.unseen().filter(extension=request.extension)
    count = mine.values("session").distinct()[:100].count()
    return render(request, "inbox/_mention_count.html", {"count": count})
