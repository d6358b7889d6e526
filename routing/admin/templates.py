"""The templates that providers have approved, as they were last synchronised."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from channels_app.models import Template

from .base import ReadOnlyAdmin, badge, moment


@admin.register(Template)
class TemplateAdmin(ReadOnlyAdmin):
    list_display = ("title", "state", "category", "short", "channel", "when")
    list_display_links = ("title",)
    list_select_related = ("channel",)
    list_filter = (("channel", RelatedDropdownFilter), "usable")
    search_fields = ("name", "body")
    ordering = ("channel", "name", "language")
    fields = ("channel", "name", "language", "category", "status", "usable", "body", "variables")
    teaching = (
        "article",
        "No template",
        "Texts that a provider has approved are listed here. They come by themselves every hour, "
        "and by the button on their channel's page.",
    )

    when = moment("synced_at", "As of")

    @display(description="Template", ordering="name")
    def title(self, template: Template) -> str:
        return str(template)

    @display(description="Can be sent", ordering="usable")
    def state(self, template: Template) -> SafeString:
        return badge(template.status or "yes", "success" if template.usable else "warning")

    @display(description="Text")
    def short(self, template: Template) -> str:
        return template.body[:100]
