"""The panel beside a thread: who the customer is, tags, earlier sessions."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..desk import cards, merging, tagging
from ..desk.refusing import Refused
from ..models import Card, PanelClosed, Session, Tag
from .access import AgentRequest, agent
from .book import Asking, book
from .customers import values_of
from .pages import desk_page, readable, visible
from .sheet import Sheet

CHANGED = "parley:customer"  # the page shows names and tags in other places too
EARLIER = 20


@require_safe
@agent
def panel(request: AgentRequest, pk: int) -> HttpResponse:
    """The panel as it is now; with ``?link=`` the cards to which the address could belong."""
    session = readable(request, pk)
    further: dict[str, Any] = {}
    if "link" in request.GET and session.customer.card_id is None:
        question = request.GET["link"][:200]
        found = book(request.extension, Asking.of({"q": question})).cards if question else []
        further = {"linking": True, "question": question, "found": found[:10]}
    return shown(request, session, **further)


@require_http_methods(["GET", "POST"])
@agent
def card(request: AgentRequest, pk: int) -> HttpResponse:
    """The form of the customer's card, a new one maybe; then the panel with it."""
    session = readable(request, pk)
    who = Card.objects.filter(pk=session.customer.card_id).select_related("manager").first()
    given = {"name": session.customer.name}
    typed = request.POST if request.method == "POST" else None
    sheet = Sheet(who, None if who else session.customer, typed, given=given)
    if typed is not None and sheet.keep(request.extension):
        return shown(request, readable(request, pk), changed=True)
    status = 422 if sheet.wrong or sheet.refusal else 200
    return _answer(request, session, {"sheet": sheet, "card": who}, status)


@require_POST
@agent
def join(request: AgentRequest, pk: int) -> HttpResponse:
    """Make the session's address one of a card's."""
    session, key = readable(request, pk), request.POST.get("card", "")
    seen = Card.objects.seen_by(request.extension)
    found = get_object_or_404(seen, pk=key if key.isdecimal() and len(key) < 19 else 0)
    try:
        cards.join(request.extension, found, session.customer)
    except Refused as refusal:
        return shown(request, session, refusal=str(refusal), status=422)
    return shown(request, readable(request, pk), changed=True)


@require_POST
@agent
def tags(request: AgentRequest, pk: int) -> HttpResponse:
    """Give the session the chosen tags; answers with them."""
    session = visible(request, pk)
    chosen = Tag.objects.filter(name__in=request.POST.getlist("tag"))
    tagging.set_tags(request.extension, session, chosen)
    if not request.htmx:
        return shown(request, session)
    context = {"session": session, "tagged": list(session.tags.all())}
    answer = render(request, "inbox/_session_tags.html", context)
    answer["HX-Trigger"] = CHANGED
    return answer


@require_POST
@agent
def remember(request: AgentRequest) -> HttpResponse:
    """Whether this agent wants the panel to be open."""
    if request.POST.get("open") == "1":
        PanelClosed.objects.filter(extension=request.extension).delete()
    else:
        PanelClosed.objects.get_or_create(extension=request.extension)
    return HttpResponse(status=204)


def shown(
    request: AgentRequest, session: Session, *, changed: bool = False, **further: Any
) -> HttpResponse:
    """The panel of this session."""
    who = session.customer
    found = Card.objects.filter(pk=who.card_id).select_related("manager").first()
    same = Q(customer__card=found) if found else Q(customer=who)
    mine = Session.objects.for_extension(request.extension).filter(same).exclude(pk=session.pk)
    tagged, status = list(session.tags.all()), further.pop("status", 200)
    context = {
        "card": found,
        "sessions": list(mine.select_related("number")[:EARLIER]),
        "tagged": tagged,
        "choices": [(tag, tag in tagged) for tag in Tag.objects.all()],
    }
    if found:
        prefetch_related_objects([found], "addresses", "tags")
        context["values"] = values_of(found)
    else:
        seen = Card.objects.seen_by(request.extension)
        context["alike"] = merging.with_numbers(seen, [who.address])
    context |= further
    return _answer(request, session, context, status, changed=changed)


def _answer(
    request: AgentRequest,
    session: Session,
    context: dict[str, Any],
    status: int = 200,
    *,
    changed: bool = False,
) -> HttpResponse:
    context |= {"session": session, "who": session.customer}
    name = "inbox/_panel_form.html" if "sheet" in context else "inbox/_panel.html"
    if request.htmx:
        answer = render(request, name, context, status=status)
        if changed:
            answer["HX-Trigger"] = CHANGED
        return answer
    return desk_page(request, "inbox/_panel_page.html", context | {"part": name}, status=status)
