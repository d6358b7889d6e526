"""Who may come in."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..language import speak
from ..models import AgentSettings, Extension
from ..policy import View, strict


class AgentRequest(HttpRequest):
    """A request of somebody who is an agent; only ``agent`` makes them."""

    extension: Extension
    htmx: Any


def agent(view: View) -> View:
    """The view for agents only, with ``request.extension``."""

    @wraps(view)
    def for_agents(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = Extension.objects.select_related("settings").filter(user=request.user.pk)
        extension = found.first()
        if extension is None:
            return render(request, "inbox/no_extension.html", status=403)
        request.extension = extension
        speak(request, AgentSettings.of(extension))
        return view(request, *args, **kwargs)

    page = login_required(for_agents)

    @wraps(view)
    def answered(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.htmx and not request.user.is_authenticated:
            # A redirect would be followed unseen, and the login page land inside the fragment.
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        return page(request, *args, **kwargs)

    return strict(answered)
