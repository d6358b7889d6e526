"""The list's filters, fetched when the agent opens them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..models import SavedView
from .access import AgentRequest, agent
from .choice import FILTERS, STATES, Choice
from .listing import channels_of


@require_safe
@agent
def filters(request: AgentRequest) -> HttpResponse:
    """The form of what the list can be narrowed to."""
    choice = Choice.of(request.GET)
    context = {
        "choice": choice,
        "states": STATES,
        "queues": request.extension.queues.all(),
        "channels": channels_of(request.extension),
        "unfiltered": choice.without(*FILTERS).query,
        "own_views": SavedView.objects.filter(extension=request.extension),
    }
    return render(request, "inbox/_filters.html", context)
