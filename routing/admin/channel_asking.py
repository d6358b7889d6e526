"""Buttons of a channel's page that ask its provider: to call our webhook, for its templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format

from channels_app.models import Channel
from providers import registry
from providers.capabilities import has
from providers.errors import ProviderError
from routing import asking

if TYPE_CHECKING:
    from .channels import ChannelAdmin

CONNECT, TEMPLATES = "channels_app_channel_connect", "channels_app_channel_templates"


def urls(page: ChannelAdmin) -> list[URLPattern]:
    """The addresses of the buttons."""
    wrap = page.admin_site.admin_view
    return [
        path(
            "<int:pk>/connect/",
            wrap(lambda request, pk: _asked(page, request, pk, asking.connect)),
            name=CONNECT,
        ),
        path(
            "<int:pk>/templates/",
            wrap(lambda request, pk: _asked(page, request, pk, _synced)),
            name=TEMPLATES,
        ),
    ]


def buttons(channel: Channel) -> dict[str, Any]:
    """What the channel's page offers; nothing before the channel is saved."""
    provider = channel.provider_class
    found: dict[str, Any] = {}
    if channel.pk and has(provider, "connect"):
        found["connect_url"] = reverse(f"admin:{CONNECT}", args=[channel.pk])
    if channel.pk and has(provider, "templates"):
        listed = reverse("admin:channels_app_template_changelist")
        found |= {
            "templates_url": reverse(f"admin:{TEMPLATES}", args=[channel.pk]),
            "templates_list": f"{listed}?channel__id__exact={channel.pk}",
            "templates_said": templates_said(channel),
        }
    return found


def templates_said(channel: Channel) -> str:
    """How many templates there are, and of when that is known."""
    found = channel.templates.aggregate(at=Max("synced_at"))
    count, usable = channel.templates.count(), channel.templates.filter(usable=True).count()
    if not count:
        return "None are known yet."
    at = date_format(timezone.localtime(found["at"]), "j M Y, H:i")
    return f"{count} template{'s' if count != 1 else ''}, {usable} can be sent; as of {at}."


def _synced(channel: Channel) -> str:
    asking.sync_templates(channel)
    return templates_said(channel)


def _asked(
    page: ChannelAdmin, request: HttpRequest, pk: int, question: Callable[[Channel], str]
) -> JsonResponse:
    """Ask for the saved channel, and answer in one sentence."""
    if request.method != "POST":
        raise Http404
    channel: Channel | None = page.get_object(request, str(pk))
    if channel is None or channel.provider not in registry.slugs():
        raise Http404
    if not page.has_change_permission(request, channel):
        raise PermissionDenied
    try:
        return JsonResponse({"ok": True, "said": question(channel)})
    except ProviderError as error:
        return JsonResponse({"ok": False, "said": error.reason})
