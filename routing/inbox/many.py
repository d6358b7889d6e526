"""The buttons for selected sessions, and their Undo."""

from __future__ import annotations

from datetime import datetime

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..desk import many as desk
from .access import AgentRequest, agent

SALT = "routing.inbox.many"
UNDO_SECONDS = 60  # how long the server takes back; the page offers it for a shorter time


@require_POST
@agent
def many(request: AgentRequest) -> HttpResponse:
    """Archive or close the selected sessions; says how many, with an Undo for these alone."""
    chosen = [int(x) for x in request.POST.getlist("session") if x.isdecimal() and len(x) < 19]
    if request.POST.get("act") == "close":
        closed = desk.close_many(request.extension, chosen)
        done = {str(pk): at.isoformat() for pk, at in closed.items()}
        return _done(request, f"{_sessions(len(done))} closed", done)
    put_away = desk.archive_many(request.extension, chosen)
    return _done(request, f"{_sessions(len(put_away))} archived", dict.fromkeys(put_away))


@require_POST
@agent
def undo(request: AgentRequest) -> HttpResponse:
    """Take the last one back: what really changed then, and has not changed since."""
    try:
        token = request.POST.get("token", "")
        agent_pk, done = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return _done(request, "Too late to undo.", status=422)
    if agent_pk != request.extension.pk:
        return _done(request, "Too late to undo.", status=422)
    closed = {int(pk): datetime.fromisoformat(at) for pk, at in done.items() if at}
    back = desk.unarchive_many(request.extension, [int(pk) for pk, at in done.items() if not at])
    back += desk.reopen_many(request.extension, closed)
    return _done(request, f"{_sessions(len(back))} back")


def _done(
    request: AgentRequest,
    note: str,
    done: dict[object, str | None] | None = None,
    status: int = 200,
) -> HttpResponse:
    if not request.htmx:
        return redirect("inbox")
    token = signing.dumps([request.extension.pk, done], salt=SALT) if done else ""
    return render(request, "inbox/_undo.html", {"note": note, "token": token}, status=status)


def _sessions(count: int) -> str:
    return f"{count} session" if count == 1 else f"{count} sessions"
