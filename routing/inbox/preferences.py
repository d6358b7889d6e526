"""How the agent likes to work."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from ..models import AgentSettings
from .access import AgentRequest, agent
from .pages import desk_page


@require_http_methods(["GET", "POST"])
@agent
def preferences(request: AgentRequest) -> HttpResponse:
    """The agent's settings; then the same, saved."""
    mine, saved, refusal = AgentSettings.of(request.extension), False, ""
    if request.method == "POST":
        chosen = request.POST.get("undo_seconds", "")
        if chosen.isdecimal() and len(chosen) < 4 and int(chosen) in AgentSettings.UNDO:
            mine.undo_seconds, saved = int(chosen), True
            mine.save()
        else:
            refusal = "Choose one of the times for Undo send."
    context = {"mine": mine, "undo": AgentSettings.UNDO, "saved": saved, "refusal": refusal}
    return desk_page(request, "inbox/_preferences.html", context, status=422 if refusal else 200)
