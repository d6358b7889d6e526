"""How the agent likes to work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import model_to_dict
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from ..language import speak
from ..models import AgentSettings
from . import shortcuts
from .access import AgentRequest, agent
from .pages import desk_page

#: What each part of the page saves. A part that is posted alone leaves the others as they are.
FIELDS = (
    *("undo_seconds", "away_minutes", "language", "time_zone"),
    *("theme", "alert_for", "tone", "alert_always", "alert_again", "preview", "shortcuts"),
)

SPEECH = {"language", "time_zone"}


class Chosen(forms.ModelForm):
    """The agent's choices. What is not posted stays as it is."""

    class Meta:
        model = AgentSettings
        fields = FIELDS
        error_messages = {
            "undo_seconds": {
                "required": gettext_lazy("Choose one of the times for Undo send."),
                "invalid_choice": gettext_lazy("Choose one of the times for Undo send."),
            }
        }

    def __init__(self, posted: dict[str, str], instance: AgentSettings) -> None:
        known: dict[str, Any] = model_to_dict(instance, FIELDS)
        super().__init__(data={**known, **posted}, instance=instance)


@require_http_methods(["GET", "POST"])
@agent
def preferences(request: AgentRequest) -> HttpResponse:
    """The agent's settings; then the same, saved."""
    mine, refusal, anew = AgentSettings.of(request.extension), "", False
    if request.method == "POST":
        form = Chosen(request.POST.dict(), mine)
        if form.is_valid():
            form.save()
            speak(request, mine)
            anew = not SPEECH.isdisjoint(form.changed_data)
        else:
            refusal = str(next(iter(form.errors.values()))[0])
    answer = _page(request, mine, refusal)
    if anew:  # the list, the rail and the scripts speak, too
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@agent
def keys(request: AgentRequest) -> HttpResponse:
    """The agent's own letters for shortcuts, or the usual ones again."""
    mine, refusal = AgentSettings.of(request.extension), ""
    try:
        mine.letters = {} if "usual" in request.POST else shortcuts.chosen(request.POST.dict())
        mine.save()
    except shortcuts.NotPossible as error:
        refusal = str(error)
    return _page(request, mine, refusal)


def _page(request: AgentRequest, mine: AgentSettings, refusal: str) -> HttpResponse:
    saved = _("Saved") if request.method == "POST" and not refusal else ""
    context = {"mine": mine, "saved": saved, "refusal": refusal}
    return desk_page(request, "inbox/_preferences.html", context, status=422 if refusal else 200)
