"""The pages of the inbox, and the fragments that refresh them."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels_app.models import Number
from providers import registry

from .. import desk
from ..models import AgentSettings, Archived, Customer, Draft, Mention, PanelClosed, Queue, Session
from ..models.sessions import SessionQuerySet
from . import bubbles
from .access import AgentRequest, agent
from .choice import Choice
from .composing import Composer
from .here import look
from .layout import remember
from .listing import listing

TAKEN = ("picked_up", "taken_over")  # the events by which an agent makes a session theirs
SHOWN = 100  # so many shown messages are asked about again at most


@require_safe
@agent
def inbox(request: AgentRequest) -> HttpResponse:
    """The list, alone or with nothing beside it; htmx gets the list or its next page."""
    if request.htmx and (before := request.GET.get("before")):
        page = listing(request.extension, Choice.of(request.GET), before)
        return render(request, "inbox/_rows.html", {"listing": page})
    if not request.htmx and not request.GET and comes_anew(request):
        return redirect(reverse("inbox") + AgentSettings.of(request.extension).last_list)
    return desk_page(request, "inbox/_empty.html", {})


@require_safe
@agent
def session(request: AgentRequest, pk: int) -> HttpResponse:
    """One session with its newest messages, those before ``?before=``, or from ``?message=``."""
    found = _visible(request).filter(pk=pk).first() or _guest(request).filter(pk=pk).first()
    if found is None:
        return gone(request, pk)
    if found.called:
        desk.see_mentions(request.extension, found)
    before, sought = number(request.GET.get("before")), number(request.GET.get("message"))
    shown, more = bubbles.newest(found, before, found.unread)
    if before is None and sought is not None:
        shown, more = bubbles.around(found, sought) or (shown, more)
    context = {"session": found, "bubbles": shown, "more": more, "before": before}
    if request.htmx and before is not None:
        return render(request, "inbox/_messages.html", context)
    if found.unread or found.woken:
        desk.read(request.extension, found)
    look(request, found)
    context["people"] = desk.others(request.extension, [found.pk]).get(found.pk, [])
    return desk_page(request, "inbox/_thread.html", context | thread_context(found))


@require_safe
@agent
def news(request: AgentRequest, pk: int) -> HttpResponse:
    """What changed in an open session since the browser last asked."""
    found = _visible(request).filter(pk=pk).first() or _guest(request).filter(pk=pk).first()
    if found is None:
        return gone(request, pk)
    return render_news(request, found, seen="seen" in request.GET)


def visible(request: AgentRequest, pk: int) -> Session:
    """The agent's session of this key, else a 404."""
    return get_object_or_404(_visible(request), pk=pk)


def readable(request: AgentRequest, pk: int) -> Session:
    """A session of this key that the agent may read, as a guest maybe; else a 404."""
    found = _visible(request).filter(pk=pk).first() or _guest(request).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def render_news(
    request: AgentRequest, found: Session, *, seen: bool = True, extra: tuple[int, ...] = ()
) -> HttpResponse:
    """The header, the new messages, those shown that may have changed, and the composer."""
    asked = request.POST or request.GET
    shown = [n for n in map(number, asked.get("shown", "").split("-")) if n is not None]
    if seen and (found.unread or found.woken):
        desk.read(request.extension, found)
    after = number(asked.get("after")) or 0
    changed, behind = bubbles.changed(found, after, [*shown[-SHOWN:], *extra])
    gone = {*shown[-SHOWN:], *extra} - {bubble.message.pk for bubble in changed}
    context = {"session": found, "bubbles": changed, "gone": sorted(gone), "behind": behind}
    return render(request, "inbox/_news.html", context | thread_context(found))


def thread_context(found: Session) -> dict[str, Any]:
    """What the header and the composer need to know."""
    return {
        "composer": Composer(found),
        "may_pick_up": _may_pick_up(found),
        "archived": found.put_away,
    }


def gone(request: AgentRequest, pk: int) -> HttpResponse:
    """Says who has the session now, to a member of its queue; to anybody else it is a 404."""
    theirs = Session.objects.filter(queue__members=request.extension).select_related("holder")
    found = get_object_or_404(theirs, pk=pk)
    taken = found.messages.filter(event__in=TAKEN, author=found.holder).last()
    ago = (timezone.now() - taken.created_at).total_seconds() if taken else None
    since = "" if ago is None else _("%(time)s ago") % {"time": bubbles.duration(ago)}
    context = {"session": found, "since": since}
    return desk_page(request, "inbox/_gone.html", context, status=410)


def comes_anew(request: AgentRequest) -> bool:
    """Whether the agent has just come, not by a link of ours, and was elsewhere before."""
    logged_in = "listed" not in request.session
    request.session.setdefault("listed", True)
    came = logged_in or request.headers.get("Sec-Fetch-Site") == "none"
    return came and bool(AgentSettings.of(request.extension).last_list)


def desk_page(
    request: AgentRequest, main: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The whole page around this main part, or the one part that htmx asks for."""
    target = request.htmx.target if not request.htmx.history_restore_request else None
    if target == "main":
        context["listing"] = None
        context["query"] = Choice.of(request.GET).query
        return render(request, main, context, status=status)
    choice, before = Choice.of(request.GET), ""
    if request.path == reverse("inbox"):
        before = request.GET.get("before", "")
    # Beside a thread the counts of a search come with the page's first refresh.
    counted = target == "list" or not choice.words or "session" not in context
    context["listing"] = listing(request.extension, choice, before, counted=counted)
    context["demo"] = settings.DEMO
    context["query"] = context["listing"].query
    asked_for = not request.htmx or request.htmx.current_url  # not by the page's own refresh
    if request.path == reverse("inbox") and asked_for and not before and not choice.words:
        remember(request, context["query"])
    if target == "list":
        answer = render(request, "inbox/_list.html", context)
        if request.path == reverse("inbox"):
            answer["HX-Push-Url"] = request.path + context["query"]  # without empty fields
        return answer
    return render(request, "inbox/page.html", context | {"main": main}, status=status)


def _visible(request: AgentRequest) -> SessionQuerySet:
    mine = Session.objects.for_extension(request.extension)
    return _annotated(request, mine).annotate(guest=Value(False))


def _guest(request: AgentRequest) -> SessionQuerySet:
    """Sessions of others in which this agent was mentioned: they may read them, and add notes."""
    called = Mention.objects.filter(extension=request.extension).values("session")
    found = Session.objects.filter(pk__in=called)
    return _annotated(request, found).annotate(guest=Value(True))


def _annotated(request: AgentRequest, mine: SessionQuerySet) -> SessionQuerySet:
    related = ("customer", "number", "queue", "holder", "channel", "platform")
    mine = mine.select_related(*related)
    away = Archived.objects.filter(extension=request.extension, session=OuterRef("pk"))
    # As a part of the one question: it is the same that the link above the thread will ask.
    before = Session.objects.before(OuterRef, request.extension).order_by()
    unseen = Mention.objects.unseen().filter(extension=request.extension)
    typed = Draft.objects.filter(extension=request.extension, session=OuterRef("pk"))
    other = Number.objects.filter(rule__may_start=request.extension, channel__paused=False)
    other = other.exclude(pk=OuterRef("number"))
    like = Q(channel__provider=OuterRef("channel__provider"))
    return mine.annotate(
        put_away=Exists(away.filter(at__gte=OuterRef("last_at"))),
        earlier=Subquery(before.values("customer").annotate(n=Count("pk")).values("n")),
        called=Exists(unseen.filter(session=OuterRef("pk"))),
        panel_closed=Exists(PanelClosed.objects.filter(extension=request.extension)),
        draft=Subquery(typed.values("text")[:1]),
        elsewhere=Exists(other.filter(like | Q(channel__provider__in=_phones()))),
    )


@cache
def _phones() -> list[str]:
    """The providers that reach phone numbers."""
    return [slug for slug in registry.slugs() if registry.get(slug).network == Customer.PHONE]


def _may_pick_up(found: Session) -> bool:
    if found.guest or found.holder_id or found.closed_at or found.platform_id:
        return False
    return not (found.queue and found.queue.pickup == Queue.NONE)


def number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
