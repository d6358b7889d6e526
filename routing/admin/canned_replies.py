"""Canned replies: texts that agents need often."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from routing.models import CannedReply

from .base import ParleyAdmin


@admin.register(CannedReply)
class CannedReplyAdmin(ParleyAdmin):
    list_display = ("typed", "short", "where")
    list_display_links = ("typed",)
    list_select_related = ("queue",)
    list_filter = (("queue", RelatedDropdownFilter),)
    search_fields = ("shortcut", "text")
    autocomplete_fields = ("queue",)
    fields = ("shortcut", "text", "queue")
    teaching = (
        "quickreply",
        "Add your first canned reply",
        "Agents type / in the composer and choose it. {customer}, {agent} and {number} are filled "
        "in, and it can be changed before it is sent.",
    )

    @display(description="Typed", ordering="shortcut")
    def typed(self, reply: CannedReply) -> str:
        return str(reply)

    @display(description="Text")
    def short(self, reply: CannedReply) -> str:
        return reply.text[:100]

    @display(description="Offered in")
    def where(self, reply: CannedReply) -> str:
        return str(reply.queue) if reply.queue else "all sessions"
