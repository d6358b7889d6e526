"""What agents are asked for when they close a session: categories, and where they must be given."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from routing.models import Category, ClosingRule

from .base import ParleyAdmin


@admin.register(Category)
class CategoryAdmin(ParleyAdmin):
    list_display = ("name", "where", "closed")
    list_select_related = ("queue",)
    list_filter = (("queue", RelatedDropdownFilter),)
    search_fields = ("name",)
    autocomplete_fields = ("queue",)
    fields = ("name", "queue")
    teaching = (
        "label",
        "Add your first category",
        "What sessions are about: Invoice, Complaint. Agents choose one when they close a session, "
        "where a closing rule asks for it.",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        found: QuerySet[Category] = super().get_queryset(request)
        return found.annotate(used=Count("closures"))

    @display(description="Offered in")
    def where(self, category: Category) -> str:
        return str(category.queue) if category.queue else "all sessions"

    @display(description="Closed sessions", ordering="used")
    def closed(self, category: Any) -> int:
        return int(category.used)


@admin.register(ClosingRule)
class ClosingRuleAdmin(ParleyAdmin):
    list_display = ("where", "category", "note")
    list_display_links = ("where",)
    list_select_related = ("queue",)
    autocomplete_fields = ("queue",)
    fields = ("queue", "category", "note")
    teaching = (
        "task_alt",
        "Ask something at closing",
        "Without a rule a session closes at once. With one, agents are asked for a category, a "
        "short note, or both.",
    )

    @display(description="In", ordering="queue__name")
    def where(self, rule: ClosingRule) -> str:
        return str(rule.queue) if rule.queue else "all sessions without a rule of their own"
