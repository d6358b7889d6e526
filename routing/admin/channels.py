"""A channel's own pages: the choice of its provider, its form in tabs, its end."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from channels_app import credentials
from channels_app.forms import ChannelForm, channel_form
from channels_app.models import Channel
from providers import registry
from routing.models import Session

from . import channel_asking, channel_pages, channel_test
from .channel_list import ChannelListPage
from .numbers import DESTINATIONS, NumberInline


@admin.register(Channel)
class ChannelAdmin(ChannelListPage):
    change_form_template = "admin/parley/channel_form.html"
    inlines = (NumberInline,)

    def get_form(
        self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        kwargs["form"] = channel_form(self._slug(request, obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        provider = registry.get(self._slug(request, obj))
        secret = credentials.names_for(obj, provider)
        if obj and not self.has_change_permission(request, obj):
            secret = []  # a reader sees no credentials at all
        connection = channel_pages.connection(provider, secret)
        hidden = [] if obj else ["token"]
        takes_text = provider.media is not None and provider.media.accompanying_text
        closing = ["close_automatically", "close_after_days"]
        if obj and not self.has_change_permission(request, obj):
            closing = closing[1:]
        incoming = ["receives"] if provider.virtual else ["receives", "prefixes"]
        sender = ["sender_name"] if provider.alphanumeric_sender else []
        messaging = [*incoming, *sender, "default_outgoing", "rate", "in_flight", *closing]
        messaging += ["accompanying_text"] if takes_text else []
        messaging += ["allow_second_session", "paused"]
        return (
            ("Authentication", {"fields": ["name", *connection, *hidden]}),
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
        context |= channel_test.context(form.instance)
        context |= channel_asking.buttons(form.instance)
        context["mistakes"] = self._mistakes(context)
        # Whoever may only read sees neither credentials nor the secret webhook address.
        context["may_edit"] = form.adding or self.has_change_permission(request, form.instance)
        context["has_destinations"] = any(
            model._default_manager.exists() for model, _ in DESTINATIONS.values()
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def _mistakes(self, context: dict[str, Any]) -> list[int]:
        """How many each tab holds."""
        form = context["adminform"].form
        found = [
            sum(len(form.errors.get(name, ())) for name in options["fields"])
            for _, options in context["adminform"].fieldsets
        ]
        formsets = [each.formset for each in context["inline_admin_formsets"]]
        return [*found, sum(formset.total_error_count() for formset in formsets)]

    def save_model(
        self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool
    ) -> None:
        """Write only what the form changed: the status may have moved since it was opened."""
        if obj.default_outgoing:
            obj.become_default()
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
        check = path("check/", view, name="channels_app_channel_check")
        return [check, *channel_asking.urls(self), *channel_test.urls(self), *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        return channel_pages.check_typed(self, request)

    # deleting

    def why_not_delete(self, thing: Channel) -> str:
        if not Session.objects.filter(channel=thing).exists():
            return ""
        return (
            "This channel has sessions, so it cannot be deleted; their history would go with it. "
            "Pause it instead."
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Tell in words what goes, without listing thousands of log entries."""
        numbers = sum(channel.numbers.count() for channel in objs)
        also = f"{numbers} numbers with their rules, held requests, figures and the log"
        return [*map(str, objs), also], {"channels": len(objs)}, set(), []
