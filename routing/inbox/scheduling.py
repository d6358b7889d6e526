"""Sending later: the dialog of times, and what can be done to a message that waits for its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from .. import desk
from ..models import Message, Session
from .access import AgentRequest, agent
from .actions import REFUSALS, outcome, refused
from .filling import check_filled
from .pages import desk_page, visible

MORNING = time(9)


@dataclass(frozen=True)
class Preset:
    """A time that is often wanted."""

    name: str
    at: datetime

    @property
    def value(self) -> str:
        return self.at.isoformat(timespec="minutes")

    @property
    def words(self) -> str:
        return date_format(self.at, "D, j M, H:i")


@require_http_methods(["GET", "POST"])
@agent
def schedule(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of times; then the composer's text, kept until one of them."""
    found, form, refusal = visible(request, pk), request.POST, ""
    if request.method == "POST":
        try:
            text, key = form.get("text", ""), form.get("client_key", "")[:64]
            check_filled(text)
            wanted = {"upload": request.FILES.getlist("files"), "client_key": key}
            desk.write(request.extension, found, text, due_at=_time(request), **wanted)
            return outcome(request, pk)
        except REFUSALS as error:
            refusal = str(error)
    return _dialog(request, found, refusal)


@require_http_methods(["GET", "POST"])
@agent
def change(request: AgentRequest, pk: int, message: int) -> HttpResponse:
    """The dialog of times for a message that waits; then its new time."""
    found, refusal = visible(request, pk), ""
    waiting = _own(request, found, message)
    if request.method == "POST":
        try:
            desk.reschedule(request.extension, waiting, _time(request))
            return outcome(request, pk, message)
        except REFUSALS as error:
            refusal = str(error)
    return _dialog(request, found, refusal, waiting)


@require_POST
@agent
def send_now(request: AgentRequest, pk: int, message: int) -> HttpResponse:
    """Let a message that waits for its time leave now."""
    found = visible(request, pk)
    try:
        desk.reschedule(request.extension, _own(request, found, message))
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk, message)


def presets(now: datetime | None = None) -> list[Preset]:
    """Later today, tomorrow morning, Monday morning, in the agent's zone."""
    here = timezone.localtime(now)
    found = []
    later = (here + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    if later.date() == here.date() and later.hour <= 20:
        found.append(Preset(_("Later today"), later))
    found.append(Preset(_("Tomorrow morning"), _morning(here, 1)))
    to_monday = 7 - here.weekday()
    if to_monday > 1:
        found.append(Preset(_("On Monday morning"), _morning(here, to_monday)))
    return found


def _morning(here: datetime, days: int) -> datetime:
    day = here.date() + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, MORNING))


def _own(request: AgentRequest, found: Session, message: int) -> Message:
    return get_object_or_404(found.messages.filter(author=request.extension), pk=message)


def _time(request: AgentRequest) -> datetime:
    """The time that was chosen; without a zone it is the agent's. Raises Refused."""
    text = request.POST.get("at", "") or request.POST.get("custom", "")
    try:
        at = parse_datetime(text[:40])
        if at is not None:
            return at if timezone.is_aware(at) else timezone.make_aware(at)
    except (ValueError, OverflowError):
        pass
    raise desk.Refused(_("Choose when the message leaves."))


def _dialog(
    request: AgentRequest, found: Session, refusal: str, waiting: Message | None = None
) -> HttpResponse:
    context = {
        "session": found,
        "waiting": waiting,
        "refusal": refusal,
        "presets": presets(),
        "zone": timezone.get_current_timezone_name(),
        "soonest": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
    }
    status = 422 if refusal else 200
    if request.htmx:
        return render(request, "inbox/_schedule.html", context, status=status)
    return desk_page(request, "inbox/_schedule.html", context, status=status)
