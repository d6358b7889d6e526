"""The list's filters, fetched when the agent opens them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..models import CardField, SavedView, Tag
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
        "tags": Tag.objects.all(),
        "fields": _choices(),
        "unfiltered": choice.without(*FILTERS).query,
        "own_views": SavedView.objects.filter(extension=request.extension),
    }
    return render(request, "inbox/_filters.html", context)


def _choices() -> list[tuple[CardField, list[tuple[str, str]]]]:
    """The customers' fields of choices, each with what can be chosen and its value here."""
    fields = CardField.objects.filter(kind=CardField.CHOICE)
    return [(each, [(f"{each.pk}:{text}", text) for text in each.listed]) for each in fields]
