"""The supervisors' pages: all queues and agents, any session to read and to reassign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from .. import desk, presence
from ..desk.statuses import Waiting
from ..models import AgentStatus, Extension, Queue, Session
from ..models.sessions import SessionQuerySet
from . import bubbles
from .access import AgentRequest, supervisor
from .actions import REFUSALS
from .handing import dialog, taker, takers
from .pages import desk_page, number

MOST = 100  # sessions of one list


@dataclass
class AtWork:
    """An agent as the supervisor sees them."""

    extension: Extension
    held: int
    doing: list[tuple[str, Session]] = field(default_factory=list)

    @property
    def status(self) -> AgentStatus:
        found = getattr(self.extension, "status", None)
        return found or AgentStatus(extension=self.extension, since=None)

    @property
    def since(self) -> str:
        return ago(self.status.since)


@dataclass
class Line:
    """A queue, what waits in it, and who works there."""

    queue: Queue
    waiting: Waiting
    members: list[AtWork]

    @property
    def oldest(self) -> str:
        return ago(self.waiting.oldest)


def ago(at: datetime | None) -> str:
    """How long it is since then, in short words."""
    return bubbles.duration((timezone.now() - at).total_seconds()) if at else ""


@require_safe
@supervisor
def overview(request: AgentRequest) -> HttpResponse:
    """All queues and all agents, and the sessions of the one that was chosen."""
    load, people = desk.load(), _at_work()
    for each in people.values():
        each.held = load.held.get(each.extension.pk, 0)
    lines = [
        Line(
            queue,
            load.waiting.get(queue.pk, Waiting()),
            [people[member.pk] for member in queue.members.all()],
        )
        for queue in Queue.objects.prefetch_related("members")
    ]
    chosen, sessions = _chosen(request)
    context = {
        "lines": lines,
        "people": list(people.values()),
        "chosen": chosen,
        "sessions": sessions,
        "waiting": sum(line.waiting.count for line in lines),
        "query_of": request.GET.urlencode(),
    }
    return desk_page(request, "inbox/_supervise.html", context)


def _at_work() -> dict[int, AtWork]:
    """Every agent, with the sessions in which they are now."""
    people = {each.pk: AtWork(each, 0) for each in Extension.objects.select_related("status")}
    there = presence.everywhere()
    sessions = Session.objects.select_related("customer").in_bulk(list(there)) if there else {}
    for key, present in there.items():
        for person in present:
            if person.pk in people and key in sessions:
                doing = presence_word(person.state)
                people[person.pk].doing.append((doing, sessions[key]))
    return people


def presence_word(state: str) -> str:
    """What somebody does in a session, before its customer's name."""
    return {
        presence.VIEWING: _("viewing"),
        presence.REPLYING: _("typing to"),
        presence.NOTING: _("writing a note on"),
    }[state]


def _chosen(request: AgentRequest) -> tuple[str, Iterable[Session]]:
    """The open sessions of one queue or one agent, those that wait longest first."""
    found: SessionQuerySet = Session.objects.open()
    if queue := Queue.objects.filter(pk=number(request.GET.get("queue")) or 0).first():
        name, found = str(queue), found.filter(queue=queue)
    elif agent := Extension.objects.filter(pk=number(request.GET.get("agent")) or 0).first():
        name, found = str(agent), found.filter(holder=agent)
    else:
        return "", []
    related = ("customer", "number", "queue", "holder")
    return name, found.select_related(*related).order_by("last_at", "pk")[:MOST]


@require_safe
@supervisor
def listen(request: AgentRequest, pk: int) -> HttpResponse:
    """Any session, to be read only. Nobody in it is told; the administrators can look it up."""
    related = ("customer", "number", "queue", "holder", "channel", "platform")
    found = get_object_or_404(Session.objects.select_related(*related), pk=pk)
    desk.note_listening(request.extension, found)
    found.guest = True  # no buttons in the messages
    shown, more = bubbles.newest(found, number(request.GET.get("before")))
    people = presence.of([pk]).get(pk, [])
    context = {"session": found, "bubbles": shown, "more": more, "people": people}
    return desk_page(request, "inbox/_listen.html", context)


@require_http_methods(["GET", "POST"])
@supervisor
def reassign(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of all who can take the session; then it is theirs."""
    related = ("customer", "queue", "holder")
    found = get_object_or_404(Session.objects.open().select_related(*related), pk=pk)
    refusal, form = "", request.POST
    if request.method == "POST":
        try:
            to = taker(form.get("to", ""))
            desk.reassign(request.extension, found, to)
            if not request.htmx:
                return redirect("supervise")
            said = {"said": _("Given to %s") % to}
            return render(request, "inbox/_reassigned.html", said)
        except REFUSALS as error:
            refusal = str(error)
    now = (found.holder, found.queue if not found.holder_id else None)
    context: dict[str, Any] = {
        "session": found,
        "refusal": refusal,
        "chosen": form.get("to", ""),
        **takers(without=now),
    }
    return dialog(request, "inbox/_reassign.html", context, refusal)
