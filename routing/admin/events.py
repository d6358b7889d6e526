"""The events on their way to platforms."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from routing.models import PlatformEvent

from .base import ReadOnlyAdmin, badge, moment
from .filters import EventStateFilter, ReceiverFilter


@admin.register(PlatformEvent)
class PlatformEventAdmin(ReadOnlyAdmin):
    list_display = ("state", "platform", "type", "session", "attempts", "reason", "created")
    list_select_related = ("platform", "session__customer", "session__number")
    list_filter = (EventStateFilter, ReceiverFilter)
    ordering = ("-pk",)
    actions = ("send_again",)
    fields = (
        *("platform", "type", "session", "message", "state", "attempts", "reason"),
        *("created_at", "due_at", "done_at", "failed_at"),
    )
    teaching = (
        "outbox",
        "No events",
        "When a number leads to a platform or a door, each message to it becomes an event here.",
    )

    created = moment("created_at", "Created")

    @display(description="State")
    def state(self, event: PlatformEvent) -> SafeString:
        if event.done_at:
            return badge("Delivered", "success")
        if event.failed_at:
            return badge("Given up", "danger")
        return badge("Waiting", "warning")

    @admin.action(description="Send again", permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[PlatformEvent]) -> None:
        settled = queryset.exclude(done_at=None, failed_at=None)
        count = settled.update(
            done_at=None, failed_at=None, attempts=0, reason="", due_at=timezone.now()
        )
        messages.success(request, f"{count} events are on their way again.")
