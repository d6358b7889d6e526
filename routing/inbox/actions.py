"""What the buttons of a session do. Each reads its input, asks the desk, and shows the outcome."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from .. import desk, files
from ..models import Attachment, Message, Session
from .access import AgentRequest, agent
from .choice import Choice
from .filling import check_filled
from .here import look
from .overtaken import overtaken_by
from .pages import desk_page, gone, number, render_news, visible

REFUSALS = (desk.Refused, desk.AlreadyTaken, desk.SessionClosed)


@require_POST
@agent
def write(request: AgentRequest, pk: int) -> HttpResponse:
    """Send the composer's text and files."""
    found, form = visible(request, pk), request.POST
    text, key = form.get("text", ""), form.get("client_key", "")[:64]
    wanted = {"upload": request.FILES.getlist("files"), "client_key": key}
    try:
        check_filled(text)
        desk.write(request.extension, found, text, seen=number(form.get("basis")), **wanted)
    except desk.Overtaken as overtaken:
        return overtaken_by(request, found, overtaken)
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    look(request, found, within=True)
    return outcome(request, pk)


@require_POST
@agent
def pick_up(request: AgentRequest, pk: int) -> HttpResponse:
    """Make the session the agent's own, or tell them who was first."""
    waiting = Session.objects.for_extension(request.extension).filter(pk=pk).first()
    try:
        if waiting is None:
            return gone(request, pk)
        desk.pick_up(request.extension, waiting)
    except desk.AlreadyTaken:
        return gone(request, pk)
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk)


@require_POST
@agent
def archive(request: AgentRequest, pk: int) -> HttpResponse:
    """Put the session away from this agent's list."""
    desk.archive(request.extension, visible(request, pk))
    return left(request, _("Archived until the next message"))


@require_POST
@agent
def unarchive(request: AgentRequest, pk: int) -> HttpResponse:
    """Bring an archived session back to the list."""
    desk.unarchive(request.extension, visible(request, pk))
    return outcome(request, pk)


@require_POST
@agent
def retry(request: AgentRequest, pk: int, message: int) -> HttpResponse:
    """Send a failed or unknown message once more."""
    found = visible(request, pk)
    again = get_object_or_404(found.messages.filter(direction=Message.OUT), pk=message)
    try:
        desk.retry(request.extension, again)
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk, message)


@require_POST
@agent
def undo(request: AgentRequest, pk: int, message: int) -> HttpResponse:
    """Take a message that has not left yet back into the composer."""
    found = visible(request, pk)
    back = found.messages.filter(direction=Message.OUT, pk=message).first()
    try:
        if back is not None:  # else it is back already: the browser asked twice
            desk.undo(request.extension, back, request.POST.get("typed", ""))
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk, message)


@require_POST
@agent
def reload(request: AgentRequest, pk: int, attachment: int) -> HttpResponse:
    """Try once more to load a file that did not come."""
    found = visible(request, pk)
    missing = get_object_or_404(Attachment.objects.filter(message__session=found), pk=attachment)
    files.reload(missing)
    return outcome(request, pk, missing.message_id)


def outcome(request: AgentRequest, pk: int, *changed: int) -> HttpResponse:
    """The session as it is now: its news for the page's script, else the page."""
    if not request.htmx:
        return redirect("session", pk)
    return render_news(request, visible(request, pk), extra=changed)


def refused(request: AgentRequest, pk: int, refusal: Exception) -> HttpResponse:
    """Why it was not done, in a sentence."""
    if request.htmx:
        return render(request, "inbox/_refusal.html", {"refusal": refusal}, status=422)
    return desk_page(request, "inbox/_refusal.html", {"refusal": refusal, "pk": pk}, status=422)


def left(request: AgentRequest, note: str) -> HttpResponse:
    """Back to the list, which the session has left."""
    shown = QueryDict(request.POST.get("list", "").removeprefix("?"))
    address = reverse("inbox") + Choice.of(shown).query
    if not request.htmx:
        return redirect(address)
    context = {"note": note, "address": address}
    response = render(request, "inbox/_left.html", context)
    response["X-Parley-Left"] = address
    return response
