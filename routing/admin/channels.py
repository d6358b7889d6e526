"""Channels: the list with its figures, the choice of a provider, and the form in tabs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.views import ChangeList

from channels_app.forms import PREFIX, ChannelForm, channel_form
from channels_app.models import Channel
from providers import registry
from routing.models import Session

from . import channel_pages, checks, periods
from .base import ParleyAdmin, badge
from .figures import add_figures
from .numbers import DESTINATIONS, NumberInline

STATUS_COLOURS = {
    Channel.CONNECTED: "success",
    Channel.FAILED: "danger",
    Channel.UNCHECKED: "",
    Channel.PAUSED: "warning",
}
CHECKED_AT_ONCE = 20
NUMBERS_SHOWN = 3


class ChannelList(ChangeList):
    """The page's channels with their figures for the chosen period."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        kept: dict[str, Any] = super().get_filters_params(params)
        return {name: kept[name] for name in kept if name not in periods.PARAMETERS}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.period = periods.chosen(request.GET)
        self.period_names = periods.NAMES
        add_figures(self.result_list, self.period)


@admin.register(Channel)
class ChannelAdmin(ParleyAdmin):
    list_display = ("title", "state", "our_numbers", "sent", "received", "waiting", "speed")
    list_display_links = ("title",)
    list_before_template = "admin/parley/period.html"
    change_form_template = "admin/parley/channel_form.html"
    search_fields = ("name", "numbers__value")
    inlines = (NumberInline,)
    actions = ("pause_sending", "resume_sending", "check_credentials")
    teaching = (
        "forum",
        "Connect your first channel",
        "A channel is your account at a provider. Choose the provider, enter its credentials, "
        "add your numbers, and paste the webhook address into the provider's portal.",
    )

    # the list

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
        return format_html('{}<div class="pl-reason">{}</div>', label, channel.status_reason)

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

    # the form

    def get_form(
        self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = channel_form(self._slug(request, obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        provider = registry.get(self._slug(request, obj))
        credentials = [PREFIX + name for name in provider.Credentials.base_fields]
        if obj and not self.has_change_permission(request, obj):
            credentials = []  # a reader sees no credentials at all
        connection = [] if provider.virtual else ["api_address", "allowed_addresses"]
        hidden = [] if obj else ["webhook_token"]
        takes_text = provider.media is not None and provider.media.accompanying_text
        closing = ["close_automatically", "close_after_days"]
        if obj and not self.has_change_permission(request, obj):
            closing = closing[1:]
        messaging = ["rate", "in_flight", *closing]
        messaging += ["accompanying_text"] if takes_text else []
        messaging += ["allow_second_session", "paused"]
        return (
            ("Authentication", {"fields": ["name", *credentials, *connection, *hidden]}),
            ("Messaging settings", {"fields": messaging}),
        )

    def _slug(self, request: HttpRequest, channel: Channel | None) -> str:
        return channel.provider if channel else request.GET.get("provider", "")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.GET.get("provider") not in registry.slugs() and self.has_add_permission(request):
            return channel_pages.choose_provider(self, request)
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        channel = self.get_object(request, object_id)
        if channel and channel.provider not in registry.slugs():
            said = f"This version of Parley does not know {channel.name}'s provider"
            messages.error(request, f"{said}, {channel.provider!r}.")
            return HttpResponseRedirect(reverse("admin:channels_app_channel_changelist"))
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form: ChannelForm = context["adminform"].form
        context |= channel_pages.connection_context(form)
        context["has_destinations"] = any(
            model._default_manager.exists() for model, _ in DESTINATIONS.values()
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool
    ) -> None:
        """Write only what the form changed: the status may have moved since it was opened."""
        if not change:
            return super().save_model(request, obj, form, change)
        ours = {field.name for field in Channel._meta.fields}
        changed = {name for name in form.changed_data if name in ours}
        if "close_automatically" in form.changed_data:
            changed.add("close_after_days")
        if form.credentials_changed or "api_address" in changed:
            changed |= {"credentials", "fault", "proved_at"}
            obj.fault, obj.proved_at = "", None  # what was known is about the old ones
        obj.save(update_fields=changed)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.check_view)
        return [path("check/", view, name="channels_app_channel_check"), *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        return channel_pages.check_typed(self, request)

    # deleting

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if Session.objects.filter(channel=object_id).exists():
            messages.error(
                request,
                "This channel has sessions, so it cannot be deleted; their history would go with "
                "it. Pause it instead.",
            )
            return HttpResponseRedirect(
                reverse("admin:channels_app_channel_change", args=[object_id])
            )
        return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Tell in words what goes, without listing thousands of log entries."""
        numbers = sum(channel.numbers.count() for channel in objs)
        also = f"{numbers} numbers with their rules, held requests, figures and the log"
        return [*map(str, objs), also], {"channels": len(objs)}, set(), []

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
