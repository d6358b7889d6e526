"""Who else is in a session: shown in the list and above the thread, asked and told by the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from .. import desk, presence
from ..models import Session
from .access import AgentRequest, agent

MOST = 200  # rows of one question


@require_http_methods(["GET", "POST"])
@agent
def here(request: AgentRequest) -> HttpResponse:
    """Who is in the ``shown`` sessions. By POST a tab first says where it is, or that it goes."""
    form = request.POST or request.GET
    if "left" in form:
        desk.look(request.extension, form.get("tab", "")[:64], None)
        return HttpResponse(status=204)
    shown = [int(x) for x in form.get("shown", "").split("-") if x.isdecimal() and len(x) < 19]
    opened = form.get("session", "")
    opened = int(opened) if opened.isdecimal() and len(opened) < 19 else None
    wanted = {*shown[:MOST], *([opened] if opened else [])}
    seen = Session.objects.readable_by(request.extension).in_bulk(wanted) if wanted else {}
    if opened and opened not in seen:
        raise Http404
    if request.method == "POST":
        doing = form.get("state", "")
        doing = doing if doing in presence.STATES else presence.VIEWING
        look(request, seen[opened] if opened else None, doing, form.get("tab", ""))
    people = desk.others(request.extension, list(seen))
    rows = [(key, people.get(key, [])) for key in shown if key in seen]
    context: dict[str, Any] = {"rows": rows, "opened": opened, "people": people.get(opened, [])}
    return render(request, "inbox/_heres.html", context)


def look(
    request: AgentRequest,
    session: Session | None,
    state: str = presence.VIEWING,
    tab: str = "",
    *,
    within: bool = False,
) -> None:
    """Note where the tab that asks is now. A request that names no tab changes nothing."""
    tab = tab or request.headers.get("X-Parley-Tab", "")
    desk.look(request.extension, tab[:64], session, state, within=within)


def told(people: Sequence[presence.Person]) -> str:
    """Who is there and does what, in a sentence."""
    typing = [each for each in people if each.types]
    if len(typing) == 1:
        form = (
            _("%s is typing…") if typing[0].state == presence.REPLYING else _("%s writes a note…")
        )
        return form % typing[0].name
    if typing:
        return ngettext("%d is typing…", "%d are typing…", len(typing)) % len(typing)
    if len(people) == 1:
        return _("%s is viewing") % people[0].name
    return ngettext("%d is viewing", "%d are viewing", len(people)) % len(people) if people else ""
