"""The recipients of one campaign, with what became of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from routing.models import Campaign, Message, Recipient

from .base import MESSAGE_COLOURS, ReadOnlyAdmin, badge, moment
from .filters import QFilter

COLOURS = {**MESSAGE_COLOURS, Recipient.WAITING: "", Recipient.LEFT_OUT: "danger"}


class RecipientStateFilter(QFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        **{state: (name, Q(state=state)) for state, name in Recipient.STATES.items()},
        "arrived": ("Delivered or read", Q(state__in=[Message.DELIVERED, Message.READ])),
        "answered": ("Answered", Q(answered_at__isnull=False)),
    }


class ReasonFilter(QFilter):
    title = "left out because"
    parameter_name = "reason"
    conditions = {
        reason: (name, Q(state=Recipient.LEFT_OUT, reason=reason))
        for reason, name in Recipient.REASONS.items()
    }


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    """Always of one campaign, which the address names."""

    list_display = ("line", "who", "state_badge", "why", "sent", "answered")
    list_display_links = None
    list_filter = (RecipientStateFilter, ReasonFilter)
    list_select_related = ("message",)
    search_fields = ("=address",)
    search_help_text = "A number with plus sign and country code"
    ordering = ("line",)
    sortable_by = ()
    list_before_template = "admin/parley/campaign_back.html"

    answered = moment("answered_at", "Answered")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recipient]:
        found: QuerySet[Recipient] = super().get_queryset(request)
        asked = request.GET.get("campaign__id__exact", "")
        return found.filter(campaign=int(asked)) if asked.isdecimal() else found.none()

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "campaign__id__exact" or super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        asked = request.GET.get("campaign__id__exact", "")
        kept = Campaign.objects.kept()
        campaign = kept.filter(pk=asked).first() if asked.isdecimal() else None
        if campaign is None:
            return HttpResponseRedirect(reverse("admin:routing_campaign_changelist"))
        context = {"campaign": campaign, "title": campaign.name, **(extra_context or {})}
        return super().changelist_view(request, context)

    @display(description="Recipient")
    def who(self, row: Recipient) -> SafeString:
        written = row.given if row.given != row.address else ""
        return format_html(
            '<span class="pl-strong">{}</span><br><span class="pl-quiet">{}</span>',
            row.address or row.given or "–",
            written if row.address else "",
        )

    @display(description="State")
    def state_badge(self, row: Recipient) -> SafeString:
        return badge(row.get_state_display(), COLOURS.get(row.state, ""))

    @display(description="Reason")
    def why(self, row: Recipient) -> str:
        if row.reason:
            return f"{row.get_reason_display()}. {row.detail}".strip()
        return row.message.reason if row.message else ""

    @display(description="Sent")
    def sent(self, row: Recipient) -> SafeString | str:
        if row.message is None:
            return "–"
        page = reverse("admin:routing_message_change", args=[row.message_id])
        at = row.message.sent_at
        words = f"{at:%-d %b %Y, %H:%M:%S}" if at else "See the message"
        return format_html('<a class="pl-link" href="{}">{}</a>', page, words)
