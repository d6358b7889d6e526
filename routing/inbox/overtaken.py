"""An answer that was not sent because something new came while it was written."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from ..desk import NOTE, Overtaken
from ..models import Message, Session
from .access import AgentRequest
from .pages import desk_page

STATUS = 409


def overtaken_by(request: AgentRequest, found: Session, overtaken: Overtaken) -> HttpResponse:
    """What came, with *Send anyway* and *Review*. The text is kept as a draft, or in the page."""
    news = [(each, each.direction == Message.IN, each.event == NOTE) for each in overtaken.news]
    context = {
        "session": found,
        "news": news,
        "newest": overtaken.news[-1].pk,
        "typed": request.POST.get("text", ""),
        "key": request.POST.get("client_key", ""),
        "files": bool(request.FILES),
    }
    if request.htmx:
        return render(request, "inbox/_overtaken.html", context, status=STATUS)
    return desk_page(request, "inbox/_overtaken.html", context, status=STATUS)
