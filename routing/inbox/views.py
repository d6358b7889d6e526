"""Lists kept by name: an agent's own, and those of the team."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ..models import SavedView
from .access import AgentRequest, agent
from .choice import Choice
from .pages import desk_page


@require_POST
@agent
def save(request: AgentRequest) -> HttpResponse:
    """Keep the list of this address under a name; the same name again is the new list."""
    form = request.POST
    name = " ".join(form.get("name", "").replace("\0", "").split())[:40]
    query = Choice.of(QueryDict(form.get("query", "").removeprefix("?"))).query
    mine = SavedView.objects.filter(extension=request.extension)
    if not name or not query or len(query) > 300:
        return _said(request, _("Give the view a name."), 422)
    if mine.exclude(name=name).count() >= SavedView.MOST:
        return _said(request, _("You have as many views as can be kept. Delete one first."), 422)
    wanted = {"query": query, "shared": "shared" in form}
    mine.update_or_create(extension=request.extension, name=name, defaults=wanted)
    return _said(request, _("The view is saved."))


@require_POST
@agent
def drop(request: AgentRequest, pk: int) -> HttpResponse:
    """Forget one of the agent's own views."""
    get_object_or_404(SavedView, pk=pk, extension=request.extension).delete()
    return _said(request, _("The view is deleted."))


def _said(request: AgentRequest, words: str, status: int = 200) -> HttpResponse:
    if not request.htmx:
        context = {"refusal": words}
        return (
            redirect("inbox")
            if status == 200
            else desk_page(request, "inbox/_refusal.html", context, status)
        )
    answer = render(request, "inbox/_said.html", {"words": words}, status=status)
    if status == 200:
        answer["HX-Trigger-After-Settle"] = "parley:views"
    return answer
