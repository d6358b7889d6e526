"""How an agent has arranged the page: density, width of the list, what Enter does."""

from __future__ import annotations

from django import forms
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from ..models import AgentSettings
from .access import AgentRequest, agent

FIELDS = ("density", "list_width", "events", "enter_sends")
LONGEST = 300  # letters of a query that is remembered


class Arranged(forms.ModelForm):
    """What is posted; the rest stays as it is."""

    class Meta:
        model = AgentSettings
        fields = FIELDS


@require_POST
@agent
def layout(request: AgentRequest) -> HttpResponse:
    """Keep what was moved or chosen."""
    mine = AgentSettings.of(request.extension)
    known = model_to_dict(mine, FIELDS)
    posted = {name: request.POST[name] for name in FIELDS if name in request.POST}
    form = Arranged(data={**known, **posted}, instance=mine)
    if not form.is_valid():
        return HttpResponse(status=422)
    form.save()
    return HttpResponse(status=204) if request.htmx else redirect("preferences")


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def width(request: HttpRequest, pixels: int) -> HttpResponse:
    """The width of the list as a stylesheet, as the page may carry no style of its own."""
    found = min(max(pixels, AgentSettings.NARROWEST), AgentSettings.WIDEST)
    return HttpResponse(f":root {{ --list-width: {found}px; }}\n", content_type="text/css")


def remember(request: AgentRequest, query: str) -> None:
    """Keep which list the agent looked at last; once logged in again they find it."""
    mine = AgentSettings.of(request.extension)
    if mine.last_list != query and len(query) <= LONGEST:
        wanted = {"last_list": query}
        AgentSettings.objects.update_or_create(pk=request.extension.pk, defaults=wanted)
