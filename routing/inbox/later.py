"""Putting a session off, bringing it back, and saying how urgent it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from .. import desk
from ..models import Session
from .access import AgentRequest, agent
from .actions import REFUSALS, left, outcome, refused
from .pages import desk_page, visible
from .rows import coming_time

MORNING = time(9)
LAST_HOUR = 21  # what would come back later than this is no "later today"


@dataclass(frozen=True)
class Choice:
    """A time that is offered."""

    key: str
    name: str
    at: datetime | None = None

    @property
    def when(self) -> str:
        return coming_time(self.at) if self.at else ""


def choices(now: datetime | None = None) -> list[Choice]:
    """What is offered at this time of this day."""
    now = timezone.localtime(now)
    later = (now + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    days = 7 - now.weekday()  # to the next Monday
    found = [
        Choice("tomorrow", _("Tomorrow"), _morning(now, 1)),
        Choice("week", _("Next week"), _morning(now, days if days > 1 else 8)),
        Choice("reply", _("Until they reply")),
    ]
    if later.date() == now.date() and later.hour <= LAST_HOUR:
        found.insert(0, Choice("later", _("Later today"), later))
    return found


def _morning(now: datetime, days: int) -> datetime:
    return timezone.make_aware(datetime.combine(now.date() + timedelta(days=days), MORNING))


@require_http_methods(["GET", "POST"])
@agent
def snooze(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of the times; then the session sleeps."""
    found, refusal = visible(request, pk), ""
    if request.method == "POST":
        try:
            until = _chosen(request.POST.get("until", ""), request.POST.get("at", ""))
            desk.snooze(request.extension, found, until)
            return left(request, _("Snoozed"))
        except REFUSALS as error:
            refusal = str(error)
    tomorrow = timezone.localtime() + timedelta(days=1)
    context = {
        "session": found,
        "refusal": refusal,
        "choices": choices(),
        "suggested": f"{tomorrow:%Y-%m-%dT09:00}",
        "first": f"{timezone.localtime():%Y-%m-%dT%H:%M}",
    }
    status = 422 if refusal else 200
    if request.htmx:
        return render(request, "inbox/_snooze.html", context, status=status)
    return desk_page(request, "inbox/_snooze.html", context, status=status)


def _chosen(key: str, typed: str) -> datetime:
    if key == "reply":
        return Session.UNTIL_REPLY
    if key != "custom":
        found = next((each.at for each in choices() if each.key == key and each.at), None)
    else:
        try:
            moment = parse_datetime(typed[:16])
        except ValueError:
            moment = None
        found = timezone.make_aware(moment) if moment and timezone.is_naive(moment) else None
    if found is None:
        raise desk.Refused(_("Choose a time."))
    return found


@require_POST
@agent
def wake(request: AgentRequest, pk: int) -> HttpResponse:
    """Bring the session back now."""
    try:
        desk.wake(request.extension, visible(request, pk))
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk)


@require_POST
@agent
def priority(request: AgentRequest, pk: int) -> HttpResponse:
    """Say how urgent the session is."""
    asked = request.POST.get("priority", "")
    wanted = int(asked) if asked.isdecimal() and len(asked) < 4 else -1
    try:
        desk.prioritise(request.extension, visible(request, pk), wanted)
    except REFUSALS as refusal:
        return refused(request, pk, refusal)
    return outcome(request, pk)
