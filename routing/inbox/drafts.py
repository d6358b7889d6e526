"""What is typed, kept while it is typed."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from .. import desk
from .access import AgentRequest, agent
from .pages import visible


@require_POST
@agent
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    """Keep what stands in the composer."""
    found, form = visible(request, pk), request.POST
    desk.keep_draft(request.extension, found, form.get("text", ""), form.get("tab", "")[:64])
    return HttpResponse(status=204)
