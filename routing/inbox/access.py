"""Who may come in."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Permission
from django.db.models import Exists, Q, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..language import speak
from ..models import AgentSettings, Extension
from ..policy import View, strict


class AgentRequest(HttpRequest):
    """A request of somebody who is an agent; only ``agent`` makes them."""

    extension: Extension  # with ``supervises``
    htmx: Any


def _extension_of(user: Any) -> Extension | None:
    """The user's extension with all that a page tells of it, by one query."""
    known = Extension.objects.select_related("settings", "status").filter(user=user.pk)
    allowed = Permission.objects.filter(codename="supervise", content_type__app_label="routing")
    allowed = allowed.filter(Q(user=user.pk) | Q(group__user=user.pk))
    supervises = Value(True) if user.is_superuser else Exists(allowed)
    return known.annotate(supervises=supervises).first()


def supervisor(view: View) -> View:
    """The view for agents who may supervise; for everybody else it does not exist."""

    @wraps(view)
    def for_supervisors(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.extension.supervises:
            raise Http404
        return view(request, *args, **kwargs)

    return agent(for_supervisors)


def agent(view: View) -> View:
    """The view for agents only, with ``request.extension``."""

    @wraps(view)
    def for_agents(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        extension = _extension_of(request.user)
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
