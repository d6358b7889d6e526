"""What is typed, kept while it is typed."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from .. import desk, presence
from .access import AgentRequest, agent
from .here import look
from .pages import visible


@require_POST
@agent
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    """Keep what stands in the composer."""
    found, form = visible(request, pk), request.POST
    text = form.get("text", "")
    desk.keep_draft(request.extension, found, text, form.get("tab", "")[:64])
    look(request, found, presence.REPLYING if text else presence.VIEWING, within=True)
    return HttpResponse(status=204)
