"""The agent's own status, and giving away all that is theirs."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from .. import desk
from ..desk.many import MOST
from ..models import AgentStatus, Session
from .access import AgentRequest, agent
from .handing import dialog, takers


@require_http_methods(["GET", "POST"])
@agent
def status(request: AgentRequest) -> HttpResponse:
    """The menu with the status; then the same, changed."""
    if request.method == "POST":
        state = request.POST.get("state", "")
        if state in AgentStatus.STATES:
            desk.change_status(request.extension, state)
            request.extension.refresh_from_db()
        if not request.htmx:
            return redirect("inbox")
    return render(request, "inbox/_status.html")


@require_http_methods(["GET", "POST"])
@agent
def away(request: AgentRequest) -> HttpResponse:
    """Says what *Away and hand over* will do; then does it."""
    if request.method == "POST":
        gone = desk.give_back(request.extension)
        desk.change_status(request.extension, AgentStatus.AWAY)
        request.extension.refresh_from_db()
        said = ngettext("Away. %d session waits again.", "Away. %d sessions wait again.", gone)
        if not request.htmx:
            return redirect("inbox")
        return render(request, "inbox/_status.html", {"said": said % gone})
    places = desk.going_back(request.extension)
    stay = places.pop("", 0)
    lines = [_lines(count, place) for place, count in sorted(places.items())]
    if stay:
        one = "%d session stays with you: its number leads to nobody else."
        many = "%d sessions stay with you: their numbers lead to nobody else."
        lines.append(ngettext(one, many, stay) % stay)
    return dialog(request, "inbox/_away.html", {"lines": lines}, "")


def _lines(count: int, place: str) -> str:
    words = ngettext("%(n)d session goes to %(to)s.", "%(n)d sessions go to %(to)s.", count)
    return words % {"n": count, "to": place}


@require_safe
@agent
def hand_over(request: AgentRequest) -> HttpResponse:
    """The dialog of who gets all open sessions of the agent; the list's buttons do it."""
    mine = Session.objects.open().filter(holder=request.extension).order_by("pk")
    keys = list(mine.values_list("pk", flat=True)[: MOST + 1])
    context = {
        "mine": keys[:MOST],
        "more": len(keys) > MOST,
        "count": _("more than %d") % MOST if len(keys) > MOST else str(len(keys)),
        **takers(without=(request.extension,), platforms=False),
    }
    return dialog(request, "inbox/_hand_over.html", context, "")
