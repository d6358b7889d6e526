"""Giving a session to somebody: the dialog of all who can take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from .. import desk
from ..models import AgentStatus, Extension, Platform, Queue
from .access import AgentRequest, agent
from .actions import REFUSALS, left
from .pages import desk_page, visible

KINDS: dict[str, type[Extension | Queue | Platform]] = {
    "extension": Extension,
    "queue": Queue,
    "platform": Platform,
}
ORDER = list(AgentStatus.STATES)


@dataclass(frozen=True)
class Taker:
    """Somebody, or a place, that can get a session."""

    key: str
    name: str
    detail: str = ""
    state: str = ""

    @property
    def state_name(self) -> str:
        return str(AgentStatus.STATES[self.state]) if self.state else ""


def takers(
    without: tuple[Extension | Queue | None, ...] = (), platforms: bool = True
) -> dict[str, list[Taker]]:
    """All who can take a session: people by status, queues, platforms."""
    load = desk.load()
    people = [each for each in Extension.objects.select_related("status") if each not in without]
    listed = [
        Taker(f"extension:{each.pk}", str(each), _open(load.held.get(each.pk, 0)), _state(each))
        for each in people
    ]
    listed.sort(key=lambda taker: ORDER.index(taker.state))
    queues = [
        Taker(f"queue:{each.pk}", str(each), _waiting(load.waiting.get(each.pk)))
        for each in Queue.objects.all()
        if each not in without
    ]
    others = [Taker(f"platform:{each.pk}", str(each)) for each in Platform.objects.all()]
    return {"people": listed, "queues": queues, "platforms": others if platforms else []}


def _state(extension: Extension) -> str:
    status = getattr(extension, "status", None)
    return status.state if status else AgentStatus.AVAILABLE


def _open(count: int) -> str:
    return ngettext("%d open", "%d open", count) % count


def _waiting(waiting: Any) -> str:
    count = waiting.count if waiting else 0
    return ngettext("%d waiting", "%d waiting", count) % count if count else _("nobody waits")


def taker(chosen: str) -> Extension | Queue | Platform:
    """Who was chosen. Raises Refused, or Http404 for one that does not exist."""
    kind, _colon, key = chosen.partition(":")
    if kind not in KINDS or not key.isdecimal() or len(key) > 18:
        raise desk.Refused(_("Choose who gets this session."))
    return get_object_or_404(KINDS[kind], pk=key)


@require_http_methods(["GET", "POST"])
@agent
def transfer(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of all who can take the session; then the transfer."""
    found, refusal, form = visible(request, pk), "", request.POST
    if request.method == "POST":
        try:
            to = taker(form.get("to", ""))
            desk.hand(request.extension, found, to, form.get("handing_note", ""))
            return left(request, _("Transferred to %s") % to)
        except REFUSALS as error:
            refusal = str(error)
    now = (found.holder, found.queue if not found.holder_id else None)
    context = {
        "session": found,
        "refusal": refusal,
        "chosen": form.get("to", ""),
        "typed": form.get("handing_note", ""),
        **takers(without=now),
    }
    return dialog(request, "inbox/_transfer.html", context, refusal)


def dialog(
    request: AgentRequest, template: str, context: dict[str, Any], refusal: str
) -> HttpResponse:
    """The dialog alone, or in a page for a browser without script."""
    status = 422 if refusal else 200
    if request.htmx:
        return render(request, template, context, status=status)
    return desk_page(request, template, context, status=status)
