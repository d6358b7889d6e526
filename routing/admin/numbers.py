"""A channel's numbers, each with its rule: where messages go, and who may start sessions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from channels_app.models import Number
from providers import registry
from routing.models import Extension, Platform, Queue, Rule, Session

#: The kinds of destination: the field of a rule, its model, and the heading in the list.
DESTINATIONS: dict[str, tuple[type[Model], str]] = {
    "extension": (Extension, "Extension"),
    "queue": (Queue, "Message queue"),
    "platform": (Platform, "Third-party platform"),
}


def destination_choices() -> list[tuple[str, Any]]:
    """Every destination, grouped by kind; the value is like "queue:3"."""
    groups: list[tuple[str, Any]] = [("", "Choose a destination")]
    for kind, (model, heading) in DESTINATIONS.items():
        found = [(f"{kind}:{each.pk}", str(each)) for each in model._default_manager.all()]
        if found:
            groups.append((heading, found))
    return groups


def destination_value(rule: Rule) -> str:
    """The choice that stands for a rule's destination."""
    for kind in DESTINATIONS:
        if pk := getattr(rule, f"{kind}_id"):
            return f"{kind}:{pk}"
    return ""


class NumberForm(forms.ModelForm):
    value = forms.CharField(
        label="Number",
        max_length=64,
        widget=UnfoldAdminTextInputWidget({"placeholder": "+41791234510", "inputmode": "tel"}),
    )
    destination = forms.ChoiceField(
        label="Destination of inbound messages",
        widget=UnfoldAdminSelectWidget,
        error_messages={
            "required": "Choose where messages to this number go.",
            "invalid_choice": "This destination does not exist any more; choose another.",
        },
    )
    may_start = forms.ModelMultipleChoiceField(
        Extension.objects.all(),
        required=False,
        label="Extensions allowed to start sessions",
        widget=AutocompleteSelectMultiple(Rule._meta.get_field("may_start"), admin.site),
    )

    class Meta:
        model = Number
        fields = ("value",)

    def __init__(
        self, *args: Any, destinations: list[tuple[str, Any]], phones: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not phones and "value" in self.fields:
            self.fields["value"].widget.attrs.update(placeholder="", inputmode="text")
        rule = getattr(self.instance, "rule", None) if self.instance.pk else None
        if rule:
            self.initial["destination"] = destination_value(rule)
            self.initial["may_start"] = list(rule.may_start.all())
        if "destination" in self.fields:
            self.fields["destination"].choices = destinations

    def save(self, commit: bool = True) -> Number:
        number: Number = super().save(commit)
        if commit and "destination" in self.cleaned_data:
            kind, _, pk = self.cleaned_data["destination"].partition(":")
            destination = {f"{each}_id": None for each in DESTINATIONS} | {f"{kind}_id": int(pk)}
            rule, _ = Rule.objects.update_or_create(number=number, defaults=destination)
            rule.may_start.set(self.cleaned_data["may_start"])
        return number


class NumberFormSet(PaginationInlineFormSet):
    @cached_property
    def destinations(self) -> list[tuple[str, Any]]:
        return destination_choices()

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        known = self.instance.provider in registry.slugs()
        return {
            **super().get_form_kwargs(index),
            "destinations": self.destinations,
            "phones": not (known and self.instance.provider_class.own_address),
        }

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form = super()._construct_form(i, **kwargs)
        form.instance.channel = self.instance  # its provider decides what a number may look like
        return form

    def clean(self) -> None:
        super().clean()
        leaving = [form.instance for form in self.deleted_forms if form.instance.pk]
        used = Session.objects.filter(number__in=leaving).values_list("number", flat=True)
        kept = set(used.distinct())
        for number in leaving:
            if number.pk in kept:
                raise ValidationError(
                    f"{number} has sessions, so it cannot be deleted; its history would go with "
                    "it. Give it another destination instead."
                )


class NumberInline(TabularInline):
    model = Number
    form = NumberForm
    formset = NumberFormSet
    fields = ("value", "destination", "may_start")
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Number]:
        found: QuerySet[Number] = super().get_queryset(request)
        return found.select_related(
            "rule__extension", "rule__queue", "rule__platform"
        ).prefetch_related("rule__may_start")

    def get_extra(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Leave the protection of used numbers to our formset, which does not list sessions."""
        formset = super().get_formset(request, obj, **kwargs)
        unguarded = {"hand_clean_DELETE": lambda form: None}
        formset.form = type("NumberForm", (formset.form,), unguarded)
        return formset

    # What those read who may not change.

    @admin.display(description="Destination of inbound messages")
    def destination(self, number: Number) -> str:
        return str(number.rule.destination) if hasattr(number, "rule") else "–"

    @admin.display(description="Extensions allowed to start sessions")
    def may_start(self, number: Number) -> str:
        if not hasattr(number, "rule"):
            return "–"
        return ", ".join(str(each) for each in number.rule.may_start.all()) or "nobody"
