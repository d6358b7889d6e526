"""The list of channels: status, figures for a period, and actions on the chosen ones."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.views import ChangeList

from channels_app.models import Channel
from providers import registry

from . import channel_pages, checks, periods
from .base import ParleyAdmin, PlainList, badge
from .figures import add_figures
from .link_lines import link_line

STATUS_COLOURS = {
    Channel.CONNECTED: "success",
    Channel.FAILED: "danger",
    Channel.UNCHECKED: "",
    Channel.PAUSED: "warning",
}
CHECKED_AT_ONCE = 20
NUMBERS_SHOWN = 3


class ChannelList(PlainList):
    """The page's channels with their figures for the chosen period."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        kept: dict[str, Any] = super().get_filters_params(params)
        return {name: kept[name] for name in kept if name not in periods.PARAMETERS}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.period = periods.chosen(request.GET)
        self.period_names = periods.NAMES
        add_figures(self.result_list, self.period)


class ChannelListPage(ParleyAdmin):
    """How channels are listed, and what can be done to the chosen ones."""

    list_display = ("title", "state", "our_numbers", "sent", "received", "waiting", "speed")
    list_display_links = ("title",)
    list_before_template = "admin/parley/period.html"
    search_fields = ("name", "numbers__value")
    actions = ("pause_sending", "resume_sending", "check_credentials")
    teaching = (
        "forum",
        "Connect your first channel",
        "A channel is your account at a provider. Choose the provider, enter its credentials, "
        "add your numbers, and paste the webhook address into the provider's portal.",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChannelList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        found: QuerySet[Channel] = super().get_queryset(request).prefetch_related("numbers")
        return found

    @display(description="Channel", ordering="name")
    def title(self, channel: Channel) -> SafeString:
        return format_html(
            '<span class="pl-strong">{}</span><br><span class="pl-quiet">{}</span>',
            channel.name,
            channel_pages.provider_name(channel.provider),
        )

    @display(description="Status")
    def state(self, channel: Channel) -> SafeString:
        label = badge(Channel.STATUS_WORDS[channel.status], STATUS_COLOURS[channel.status])
        return format_html(
            '<div>{}<p class="pl-reason">{}</p><p class="pl-reason">{}</p></div>',
            label,
            channel.status_reason,
            link_line(channel),
        )

    @display(description="Numbers")
    def our_numbers(self, channel: Channel) -> str:
        numbers = [str(number) for number in channel.numbers.all()]
        more = len(numbers) - NUMBERS_SHOWN
        return ", ".join(numbers[:NUMBERS_SHOWN]) + (f" and {more} more" if more > 0 else "")

    @display(description="Sent: delivered / failed / total")
    def sent(self, channel: Any) -> SafeString:
        figures = channel.figures
        return format_html(
            '<span class="pl-figures"><span class="pl-good">{}</span> / '
            '<span class="{}">{}</span> / {}</span>',
            figures.delivered,
            "pl-bad" if figures.failed else "",
            figures.failed,
            figures.sent,
        )

    @display(description="Received")
    def received(self, channel: Any) -> int:
        return int(channel.figures.received)

    @display(description="Waiting now")
    def waiting(self, channel: Any) -> int:
        return int(channel.figures.waiting)

    @display(description="Rate", ordering="rate")
    def speed(self, channel: Channel) -> str:
        return f"{channel.rate:f}".rstrip("0").rstrip(".") + "/s"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)  # deleting a channel deserves its own page
        return found

    # actions on the chosen ones

    @admin.action(description="Pause sending", permissions=["change"])
    def pause_sending(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        count = queryset.filter(paused=False).update(paused=True)
        messages.success(request, f"{count} paused. What is to be sent waits.")

    @admin.action(description="Resume sending", permissions=["change"])
    def resume_sending(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        count = queryset.filter(paused=True).update(paused=False)
        messages.success(request, f"{count} resumed. What waited goes out now.")

    @admin.action(description="Check credentials", permissions=["change"])
    def check_credentials(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        known = [each for each in queryset if each.provider in registry.slugs()]
        able = [each for each in known if checks.can_check(each.provider_class)]
        if len(able) > CHECKED_AT_ONCE:
            messages.error(request, f"Choose at most {CHECKED_AT_ONCE} channels at once.")
            return
        for channel, verdict in checks.check_all(able):
            tell = messages.success if verdict.ok else messages.error
            tell(request, f"{channel}: {verdict.said}")
        if len(able) < len(queryset):
            messages.warning(request, "Some providers offer no check; they were left out.")
