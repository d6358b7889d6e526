"""Customers: their cards, fields and tags, what was done to them, and the tools for one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from routing.desk import card_import, cards, person
from routing.desk.card_columns import csv_of, file_name
from routing.desk.card_facts import told
from routing.desk.card_progress import progress
from routing.desk.refusing import Refused
from routing.models import (
    AddressBook,
    Card,
    CardEvent,
    CardField,
    CardImport,
    Customer,
    Erasure,
    FieldValue,
    Session,
    Tag,
)

from .base import BoundedPaginator, ParleyAdmin, ReadOnlyAdmin, badge, moment

COLOURS = {"red": "danger", "orange": "warning", "green": "success", "teal": "primary"}


class ValueForm(forms.ModelForm):
    """A value is kept in the one form of its field."""

    def clean(self) -> dict[str, Any]:
        known: dict[str, Any] = super().clean() or self.cleaned_data
        if known.get("field") and known.get("text"):
            try:
                known["text"] = known["field"].cleaned(known["text"])
            except ValueError as error:
                self.add_error("text", str(error))
        return known


class ValueInline(TabularInline):
    model = FieldValue
    form = ValueForm
    extra = 0


@admin.register(Card)
class CardAdmin(ParleyAdmin):
    list_display = ("who", "company", "email", "marks", "manager", "changed")
    list_display_links = ("who",)
    list_select_related = ("manager",)
    list_filter = ("vip", ("tags", RelatedDropdownFilter), ("manager", RelatedDropdownFilter))
    search_fields = ("name__istartswith", "company__istartswith", "email__istartswith")
    search_help_text = "The beginning of the name, company or e-mail address"
    autocomplete_fields = ("manager", "tags")
    fields = ("name", "company", "email", "language", "vip", "manager", "tags", "notes")
    inlines = (ValueInline,)
    ordering = ("-pk",)
    paginator = BoundedPaginator
    change_form_template = "admin/parley/card_form.html"
    actions_list = ("import_file", "export_all")
    teaching = (
        "contacts",
        "No customer yet",
        "Agents add customers beside the thread. Many at once come from a CSV file.",
    )

    changed = moment("changed_at", "Changed")

    @display(description="Customer", ordering="sort_name")
    def who(self, card: Card) -> str:
        return str(card)

    @display(description="")
    def marks(self, card: Card) -> SafeString | str:
        return badge("VIP", "warning") if card.vip else ""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/everything/", wrap(self.everything), name="routing_card_everything"),
            path("<int:pk>/erase/", wrap(self.erase), name="routing_card_erase"),
            path("import/<int:pk>/", wrap(self.importing), name="routing_card_importing"),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Card, form: Any, change: bool) -> None:
        request.card_before = told(Card.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        card: Card = form.instance
        cards.settle(card)
        before, after = request.card_before, told(card)
        facts = (
            {n: [before[n], now] for n, now in after.items() if before[n] != now} if before else {}
        )
        if facts or not change:
            CardEvent.note(card, "changed" if change else "made", request.user, facts)

    # deleting

    def why_not_delete(self, thing: Card) -> str:
        count = Session.objects.filter(customer__card=thing).count()
        return f"{thing} has sessions. Erase the customer instead, or merge the card." * bool(count)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        problems = [why for card in objs if (why := self.why_not_delete(card))]
        return [str(card) for card in objs], {"customers": len(objs)}, set(), problems

    def delete_model(self, request: HttpRequest, obj: Card) -> None:
        cards.delete(request.user, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for card in queryset:
            cards.delete(request.user, card)

    # files

    def has_import_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("routing.import_card"))

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("routing.export_card"))

    @action(description="Export", url_path="export", icon="download", permissions=["export"])
    def export_all(self, request: HttpRequest) -> HttpResponse:
        answer = StreamingHttpResponse(csv_of(Card.objects.all()), content_type="text/csv")
        answer["Content-Disposition"] = f'attachment; filename="{file_name()}"'
        return answer

    @action(description="Import", url_path="import", icon="upload", permissions=["import"])
    def import_file(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            file, country = request.FILES.get("file"), request.POST.get("country", "")
            try:
                made = card_import.begin(request.user, None, file, country)
                return redirect("admin:routing_card_importing", made.pk)
            except Refused as refused:
                messages.error(request, str(refused))
        context = self.admin_site.each_context(request) | {"title": "Import customers"}
        return render(request, "admin/parley/card_import.html", context)

    def importing(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        job = get_object_or_404(CardImport, pk=pk)
        if request.method == "POST":
            try:
                stop = request.POST.get("act") == "stop"
                card_import.stop(job) if stop else card_import.want(job)
            except Refused as refused:
                messages.warning(request, str(refused))
            return redirect("admin:routing_card_importing", pk)
        context = self.admin_site.each_context(request) | progress(job, request.GET)
        answer = render(request, "admin/parley/card_import.html", context | {"title": job.name})
        if job.working:
            answer["Refresh"] = "2"
        return answer

    # one person

    def everything(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_export_permission(request):
            raise PermissionDenied
        card = get_object_or_404(Card, pk=pk)
        return everything_of(list(card.addresses.select_related("card")), card)

    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        card = get_object_or_404(Card, pk=pk)
        return erased(self, request, list(card.addresses.all()), card)


def everything_of(addresses: Sequence[Customer], card: Card | None = None) -> HttpResponse:
    """All that is kept about a customer, as a JSON file: one part on each line."""
    parts = list(person.everything(addresses))
    if card and not addresses:
        parts = [{"customer": told(card)}]
    content = orjson.dumps({"parts": parts}, option=orjson.OPT_INDENT_2)
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="customer.json"'
    return answer


def erased(
    page: ParleyAdmin, request: HttpRequest, addresses: Sequence[Customer], card: Card | None = None
) -> HttpResponse:
    """Ask first; then erase the customer, and show the report."""
    if not request.user.has_perm("routing.erase_card"):
        raise PermissionDenied
    who = card or addresses[0]
    if request.method == "POST":
        try:
            report = person.erase(request.user, addresses, card)
            messages.success(request, "The customer is erased. This is the report.")
            return redirect("admin:routing_erasure_change", report.pk)
        except Refused as refused:
            messages.error(request, str(refused))
    context = page.admin_site.each_context(request) | {
        "title": f"Erase {who}",
        "who": who,
        "addresses": addresses,
        "sessions": Session.objects.filter(customer__in=addresses).count(),
    }
    return render(request, "admin/parley/card_erase.html", context)


@admin.register(Customer)
class AddressAdmin(ReadOnlyAdmin):
    list_display = ("address", "network", "name", "of_card", "since")
    list_select_related = ("card",)
    search_fields = ("address__startswith", "name__istartswith")
    search_help_text = "The beginning of the number or name"
    fields = ("address", "network", "kind", "name", "card")
    ordering = ("-pk",)
    change_form_template = "admin/parley/card_form.html"
    teaching = ("alternate_email", "No address yet", "Who writes to you is listed here.")

    since = moment("created_at", "Known since")

    @display(description="Card")
    def of_card(self, customer: Customer) -> str:
        return str(customer.card) if customer.card else "none"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/everything/", wrap(self.everything), name="routing_customer_everything"),
            path("<int:pk>/erase/", wrap(self.erase), name="routing_customer_erase"),
            *super().get_urls(),
        ]

    def everything(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("routing.export_card"):
            raise PermissionDenied
        return everything_of(list(Customer.objects.select_related("card").filter(pk=pk)))

    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = get_object_or_404(Customer, pk=pk)
        if found.card_id:
            return HttpResponseRedirect(reverse("admin:routing_card_erase", args=[found.card_id]))
        return erased(self, request, [found])


@admin.register(Tag)
class TagAdmin(ParleyAdmin):
    list_display = ("shown", "colour")
    search_fields = ("name",)
    fields = ("name", "colour")
    radio_fields = {"colour": admin.HORIZONTAL}
    teaching = ("sell", "Add your first tag", "A coloured word for sessions and for customers.")

    @display(description="Tag", ordering="name")
    def shown(self, tag: Tag) -> SafeString:
        return badge(tag.name, COLOURS.get(tag.colour, "info" if tag.colour != "grey" else ""))


@admin.register(CardField)
class CardFieldAdmin(ParleyAdmin):
    list_display = ("name", "kind", "position")
    search_fields = ("name",)
    fields = ("name", "kind", "choices", "position")
    radio_fields = {"kind": admin.HORIZONTAL}
    teaching = ("list_alt", "Add a field", "It stands in every customer's card from then on.")


@admin.register(AddressBook)
class AddressBookAdmin(ParleyAdmin):
    list_display = ("__str__", "shared")
    fields = ("shared",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one address book, so its page is the list."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        book, _made = AddressBook.objects.get_or_create(pk=1)
        return redirect("admin:routing_addressbook_change", book.pk)


@admin.register(CardEvent)
class CardEventAdmin(ReadOnlyAdmin):
    list_display = ("kind", "name", "by", "when")
    list_filter = ("kind",)
    search_fields = ("name__istartswith", "by__istartswith")
    fields = ("kind", "name", "by", "at", "facts")
    when = moment("at", "When")


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "by", "when")
    fields = ("by", "at", "counts")
    when = moment("at", "When")


@admin.register(CardImport)
class CardImportAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "total", "done", "when")
    list_select_related = ("user",)
    fields = ("name", "user", "country", "total", "checked", "done", "problem", "at", "ended_at")
    when = moment("at", "When")
