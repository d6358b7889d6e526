"""The buttons for selected sessions, and their Undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ..desk import many as desk
from ..models import Extension, Queue
from . import tag_many
from .access import AgentRequest, agent
from .pages import desk_page

SALT = "routing.inbox.many"
TAG = -1  # in the place of a place: it was a tag that was given
UNDO_SECONDS = 60  # how long the server takes back; the page offers it for a shorter time


@require_POST
@agent
def many(request: AgentRequest) -> HttpResponse:
    """Archive, close or assign the selected sessions; with an Undo for just these."""
    chosen = [int(x) for x in request.POST.getlist("session") if x.isdecimal() and len(x) < 19]
    if request.POST.get("act") == "close":
        closed = desk.close_many(request.extension, chosen)
        done = {str(pk): at.isoformat() for pk, at in closed.items()}
        return _done(request, _("%(sessions)s closed") % {"sessions": _sessions(len(done))}, done)
    if request.POST.get("act") == "assign":
        return _assigned(request, chosen)
    if request.POST.get("act") == "tag":
        return _tagged(request, chosen)
    put_away = desk.archive_many(request.extension, chosen)
    note = _("%(sessions)s archived") % {"sessions": _sessions(len(put_away))}
    return _done(request, note, dict.fromkeys(put_away))


@require_safe
@agent
def assign(request: AgentRequest) -> HttpResponse:
    """The dialog of those who can take the selected sessions."""
    others = Extension.objects.exclude(pk=request.extension.pk)
    context = {"extensions": others, "queues": Queue.objects.all()}
    if request.htmx:
        return render(request, "inbox/_assign.html", context)
    return desk_page(request, "inbox/_assign.html", context)


def _assigned(request: AgentRequest, chosen: list[int]) -> HttpResponse:
    kind, _colon, key = request.POST.get("to", "").partition(":")
    if kind not in ("extension", "queue") or not (key.isdecimal() and len(key) < 19):
        return _done(request, _("Choose who gets these sessions."), status=422)
    to = get_object_or_404(Extension if kind == "extension" else Queue, pk=key)
    moved = desk.transfer_many(request.extension, chosen, to)
    note = _("%(sessions)s assigned to %(who)s")
    place = (to.pk, None, None) if kind == "extension" else (None, to.pk, None)
    done = {str(pk): was for pk, was in moved.items()}
    said = note % {"sessions": _sessions(len(moved)), "who": getattr(to, "name", to)}
    return _done(request, said, done, place)


def _tagged(request: AgentRequest, chosen: list[int]) -> HttpResponse:
    given = tag_many.give(request.extension, chosen, request.POST.get("tag", ""))
    if given is None:
        return _done(request, _("Choose a tag."), status=422)
    tag, done = given
    note = _("%(sessions)s tagged “%(tag)s”") % {"sessions": _sessions(len(done)), "tag": tag}
    return _done(request, note, dict.fromkeys(done), (TAG, tag.pk))


@require_POST
@agent
def undo(request: AgentRequest) -> HttpResponse:
    """Take the last one back: what really changed then, and has not changed since."""
    try:
        token = request.POST.get("token", "")
        agent_pk, done, place = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return _done(request, _("Too late to undo."), status=422)
    if agent_pk != request.extension.pk:
        return _done(request, _("Too late to undo."), status=422)
    if place and place[0] == TAG:
        back = tag_many.take_back(request.extension, [int(pk) for pk in done], place[1])
        return _done(
            request, _("Tag taken back from %(sessions)s") % {"sessions": _sessions(len(back))}
        )
    if place:
        moved = {int(pk): tuple(was) for pk, was in done.items()}
        back = desk.give_back_many(request.extension, moved, tuple(place))
        return _done(request, _("%(sessions)s back") % {"sessions": _sessions(len(back))})
    closed = {int(pk): datetime.fromisoformat(at) for pk, at in done.items() if at}
    back = desk.unarchive_many(request.extension, [int(pk) for pk, at in done.items() if not at])
    back += desk.reopen_many(request.extension, closed)
    return _done(request, _("%(sessions)s back") % {"sessions": _sessions(len(back))})


def _done(
    request: AgentRequest,
    note: str,
    done: Mapping[Any, Any] | None = None,
    place: tuple[int | None, ...] = (),
    status: int = 200,
) -> HttpResponse:
    if not request.htmx:
        return redirect("inbox")
    token = signing.dumps([request.extension.pk, done, place], salt=SALT) if done else ""
    return render(request, "inbox/_undo.html", {"note": note, "token": token}, status=status)


def _sessions(count: int) -> str:
    return ngettext("%(count)d session", "%(count)d sessions", count) % {"count": count}
