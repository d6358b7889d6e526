"""The first page: is all well, and if not, where to look."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from channels_app.models import Channel
from routing.models import Extension, Held, Message, PlatformEvent, Queue, Session

from .channel_list import STATUS_COLOURS
from .channel_pages import provider_name
from .figures import add_figures
from .periods import chosen

LISTED = 50


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the user may see of the channels, of what needs care, and of the first steps."""
    may = request.user.has_perm
    context["title"] = "Overview"
    if may("channels_app.view_channel"):
        channels: list[Any] = list(Channel.objects.prefetch_related("numbers")[:LISTED])
        add_figures(channels, chosen({"period": "today"}))
        for channel in channels:
            channel.colour = STATUS_COLOURS[channel.status] or "quiet"
            channel.word = Channel.STATUS_WORDS[channel.status]
            channel.provider_name = provider_name(channel.provider)
        context["channels"] = channels
        context["more_channels"] = len(channels) == LISTED
        context["totals"] = {
            name: sum(getattr(channel.figures, name) for channel in channels)
            for name in ("sent", "delivered", "failed", "received", "waiting")
        }
        context["steps"] = _steps(channels)
    if may("routing.view_held"):
        context["held_count"] = Held.objects.filter(settled_at=None).count()
    if may("routing.view_message"):
        context["oldest_waiting"] = _oldest_waiting()
    if may("routing.view_session"):
        waiting = Session.objects.open().filter(holder=None, queue__isnull=False)
        context["sessions_waiting"] = waiting.count()
    if may("routing.view_platformevent"):
        given_up = PlatformEvent.objects.filter(failed_at__isnull=False, done_at=None)
        context["events_given_up"] = given_up.count()
    return context


def _oldest_waiting() -> Any:
    """Since when the message that is overdue longest waits, or None."""
    overdue = Message.objects.due(timezone.now()).order_by("due_at")
    return overdue.values_list("due_at", flat=True).first()


def _steps(channels: list[Any]) -> list[dict[str, Any]]:
    """The way from nothing to the first message; empty once it was walked."""
    if channels and any(channel.numbers.all() for channel in channels):
        return []
    return [
        {
            "title": "Add an agent",
            "text": "An extension with a login for the inbox.",
            "url": "admin:routing_extension_add",
            "done": Extension.objects.exists(),
        },
        {
            "title": "Make a queue",
            "text": "Agents who share what arrives. Leave this out if you are alone.",
            "url": "admin:routing_queue_add",
            "done": Queue.objects.exists(),
        },
        {
            "title": "Connect a channel",
            "text": "Choose the provider, enter its credentials, check them, add a number.",
            "url": "admin:channels_app_channel_add",
            "done": bool(channels),
        },
    ]
