"""Canned replies, as the composer offers them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..models import CannedReply
from .access import AgentRequest, agent
from .filling import filled, names
from .pages import visible

MOST = 500


@require_safe
@agent
def canned(request: AgentRequest, pk: int) -> HttpResponse:
    """The replies for this session, with its names filled in."""
    found = visible(request, pk)
    replies = CannedReply.objects.for_session(found)[:MOST]
    known = names(request.extension, found)
    offers = [{"reply": each, "text": filled(each.text, known)} for each in replies]
    return render(request, "inbox/_canned.html", {"offers": offers})
