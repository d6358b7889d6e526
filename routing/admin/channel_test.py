"""A test message from a channel's page: sent through the outbox, its result shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from channels_app.models import Channel
from providers import registry
from routing import desk
from routing.models import Message

if TYPE_CHECKING:
    from .channels import ChannelAdmin

SEND, FOLLOW = "channels_app_channel_test", "channels_app_channel_tested"


def urls(page: ChannelAdmin) -> list[URLPattern]:
    """The addresses of the test."""
    wrap = page.admin_site.admin_view
    return [
        path("<int:pk>/test/", wrap(lambda request, pk: _send(page, request, pk)), name=SEND),
        path(
            "<int:pk>/test/<int:message>/",
            wrap(lambda request, pk, message: _follow(page, request, pk, message)),
            name=FOLLOW,
        ),
    ]


def context(channel: Channel) -> dict[str, Any]:
    """What the channel's page offers; nothing before the channel and a number are saved."""
    if not channel.pk or not (numbers := list(channel.numbers.all())):
        return {}
    provider = channel.provider_class
    phone = provider.network == "phone"
    return {
        "test_url": reverse(f"admin:{SEND}", args=[channel.pk]),
        "test_numbers": numbers,
        "test_phone": phone,
        "test_hint": "" if phone else provider.customer_help or f"Your address in {provider.name}.",
    }


def _send(page: ChannelAdmin, request: HttpRequest, pk: int) -> JsonResponse:
    channel = _channel(page, request, pk)
    if request.method != "POST":
        raise Http404
    chosen = request.POST.get("test_number", "")
    number = channel.numbers.filter(pk=chosen).first() if chosen.isdecimal() else None
    recipient = request.POST.get("test_recipient", "").strip()
    if number is None or not recipient:
        return JsonResponse({"ok": False, "said": "Enter where the message shall go."})
    try:
        message = desk.send_test(number, recipient, request.user.get_username())
    except desk.Refused as error:
        return JsonResponse({"ok": False, "said": str(error)})
    page.log_change(request, channel, f"Sent a test message to {message.recipient}")
    follow = reverse(f"admin:{FOLLOW}", args=[channel.pk, message.pk])
    return JsonResponse({"ok": True, "said": "Waiting to be sent…", "follow": follow})


def _follow(page: ChannelAdmin, request: HttpRequest, pk: int, message: int) -> JsonResponse:
    channel = _channel(page, request, pk)
    found = get_object_or_404(Message, channel=channel, pk=message, direction=Message.OUT)
    return JsonResponse(result(found))


def _channel(page: ChannelAdmin, request: HttpRequest, pk: int) -> Channel:
    channel: Channel | None = page.get_object(request, str(pk))
    if channel is None or channel.provider not in registry.slugs():
        raise Http404
    if not page.has_change_permission(request, channel):
        raise PermissionDenied
    return channel


def result(message: Message) -> dict[str, Any]:
    """What became of the message so far, in a sentence; ``done`` if nothing more is to come."""
    provider, status = message.channel.provider_class, message.status
    if status in (Message.FAILED, Message.UNKNOWN):
        return {"ok": False, "done": True, "said": message.reason or "It failed."}
    if status in (Message.DELIVERED, Message.READ):
        return {"ok": True, "done": True, "said": "Delivered."}
    if status == Message.SENT:
        said = f"{provider.name} has taken it"
        said += f" as {message.provider_id}." if message.provider_id else "."
        if provider.has_reports:
            said += " No delivery report yet."
        return {"ok": True, "done": not provider.has_reports, "said": said}
    if message.channel.paused:
        return {"ok": False, "done": True, "said": "It waits: the channel is paused."}
    said = f"Waiting to be sent. {message.reason}".strip()
    return {"ok": not message.reason, "done": False, "said": said}
