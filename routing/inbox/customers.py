"""The pages of the address book."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..desk import cards, merging
from ..desk.card_facts import TEXTS
from ..desk.refusing import Refused
from ..models import Card, CardField, FieldValue, Session, Tag
from .access import AgentRequest, agent
from .book import Asking, book
from .sheet import Sheet

SESSIONS = 20

NAMES = {
    "name": gettext_lazy("Name"),
    "company": gettext_lazy("Company"),
    "email": gettext_lazy("E-mail"),
    "language": gettext_lazy("Language"),
    "notes": gettext_lazy("Notes"),
}


@require_safe
@agent
def customers(request: AgentRequest) -> HttpResponse:
    """The list of customers, alone or with nothing beside it; htmx gets the list or more of it."""
    if request.htmx and request.GET.get("after"):
        page = book(request.extension, Asking.of(request.GET))
        return render(request, "inbox/_customer_rows.html", {"book": page})
    return book_page(request, "inbox/_no_customer.html", {})


@require_safe
@agent
def customer(request: AgentRequest, pk: int) -> HttpResponse:
    """One customer's page."""
    return _card_page(request, seen(request, pk))


@require_http_methods(["GET", "POST"])
@agent
def new(request: AgentRequest) -> HttpResponse:
    """The form of a new card; then the card."""
    given = {name: request.GET.get(name, "") for name in (*TEXTS, "number")}
    return _form(request, Sheet(None, typed=_posted(request), given=given))


@require_http_methods(["GET", "POST"])
@agent
def edit(request: AgentRequest, pk: int) -> HttpResponse:
    """The form of a card; then the changed card."""
    return _form(request, Sheet(seen(request, pk), typed=_posted(request)))


@require_POST
@agent
def delete(request: AgentRequest, pk: int) -> HttpResponse:
    """Delete a card on which nothing hangs; else say what does."""
    card = seen(request, pk)
    try:
        cards.delete(request.extension, card)
    except Refused as refusal:
        return _card_page(request, card, refusal=str(refusal), status=422)
    return to(request, reverse("customers") + Asking.of(request.GET).query)


@require_safe
@agent
def filters(request: AgentRequest) -> HttpResponse:
    """What the list can be narrowed to, fetched when the agent opens it."""
    return render(request, "inbox/_customer_filters.html", {"tags": Tag.objects.all()})


@require_safe
@agent
def duplicates(request: AgentRequest) -> HttpResponse:
    """Customers who may have two cards."""
    found = merging.pairs(Card.objects.seen_by(request.extension))
    return book_page(request, "inbox/_duplicates.html", {"pairs": found})


@require_http_methods(["GET", "POST"])
@agent
def merge(request: AgentRequest, pk: int) -> HttpResponse:
    """Two cards side by side, to choose which facts stay; then the one that they became."""
    kept, other_pk = seen(request, pk), request.POST.get("with") or request.GET.get("with", "")
    if not other_pk.isdecimal() or len(other_pk) > 18:
        return _choose(request, kept)
    other, refusal = seen(request, int(other_pk)), ""
    if request.method == "POST":
        try:
            wins = {
                name: value for name, value in request.POST.items() if value in ("kept", "other")
            }
            made = merging.merge(request.extension, kept, other, wins)
            return to(request, reverse("customer", args=[made.pk]))
        except Refused as refused:
            refusal = str(refused)
    sessions = Session.objects.filter(customer__card=other).count()
    context = {
        "kept": kept,
        "other": other,
        "facts": _compared(kept, other),
        "refusal": refusal,
        "sessions": sessions,
    }
    return book_page(request, "inbox/_merge.html", context, status=422 if refusal else 200)


def seen(request: AgentRequest, pk: int) -> Card:
    """A card that the agent may see, else a 404."""
    visible = Card.objects.seen_by(request.extension).select_related("manager")
    return get_object_or_404(visible, pk=pk)


def values_of(card: Card) -> list[FieldValue]:
    """What stands in a card's free fields, in the order of the fields."""
    return list(card.values.select_related("field").order_by("field__position", "field__name"))


def to(request: AgentRequest, address: str) -> HttpResponse:
    """Go to this address, also where htmx asked."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def book_page(
    request: HttpRequest, main: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The whole page around this main part, or the one part that htmx asks for."""
    target = request.htmx.target if not request.htmx.history_restore_request else None
    asking = Asking.of(request.GET)
    context |= {"section": "customers", "home": reverse("customers"), "query": asking.query}
    if target == "main":
        return render(request, main, context, status=status)
    context["book"] = book(request.extension, asking, context.get("card"))
    if target == "list":
        answer = render(request, "inbox/_customers.html", context)
        answer["HX-Push-Url"] = reverse("customers") + asking.query
        return answer
    return render(request, "inbox/customers.html", context | {"main": main}, status=status)


def _card_page(request: AgentRequest, card: Card, **further: Any) -> HttpResponse:
    status = further.pop("status", 200)
    visible = Card.objects.seen_by(request.extension)
    mine = Session.objects.for_extension(request.extension).filter(customer__card=card)
    sessions = list(mine.select_related("number")[:SESSIONS])
    context = {"card": card, "values": values_of(card), "sessions": sessions} | further
    context["alike"] = partial(merging.alike, visible, card)  # once the card is filled
    return book_page(request, "inbox/_customer.html", context, status=status)


def _form(request: AgentRequest, sheet: Sheet) -> HttpResponse:
    if sheet.typed is not None:
        saved = sheet.keep(request.extension)
        if saved:
            return redirect(reverse("customer", args=[saved.pk]) + Asking.of(request.GET).query)
    status = 422 if sheet.wrong or sheet.refusal else 200
    context = {"sheet": sheet, "card": sheet.card}
    return book_page(request, "inbox/_customer_form.html", context, status=status)


def _choose(request: AgentRequest, kept: Card) -> HttpResponse:
    """Look for the other card."""
    question = request.GET.get("other", "")
    found = book(request.extension, Asking.of({"q": question})).cards if question else []
    visible = Card.objects.seen_by(request.extension)
    context = {
        "kept": kept,
        "question": question,
        "found": [each for each in found if each.pk != kept.pk][:10],
        "alike": merging.alike(visible, kept),
    }
    return book_page(request, "inbox/_merge_with.html", context)


def _compared(kept: Card, other: Card) -> list[dict[str, Any]]:
    """The facts in which the cards differ, each with both values."""
    rows = [
        {"key": key, "name": str(name), "kept": getattr(kept, key), "other": getattr(other, key)}
        for key, name in NAMES.items()
    ]
    rows.append(
        {"key": "manager", "name": _("Manager"), "kept": kept.manager, "other": other.manager}
    )
    rows.append({"key": "vip", "name": _("VIP"), "kept": _yes(kept.vip), "other": _yes(other.vip)})
    one, two = ({v.field_id: v.text for v in each.values.all()} for each in (kept, other))
    rows += [
        {"key": f"field-{f.pk}", "name": f.name, "kept": one.get(f.pk), "other": two.get(f.pk)}
        for f in CardField.objects.filter(pk__in={*one, *two})
    ]
    found = [row for row in rows if row["kept"] != row["other"] and (row["kept"] or row["other"])]
    for row in found:
        other_first = not row["kept"] or (row["key"] == "vip" and other.vip)
        row["prefer"] = "other" if other_first else "kept"
    return found


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _posted(request: AgentRequest) -> Any:
    return request.POST if request.method == "POST" else None
