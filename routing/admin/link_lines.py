"""What a channel's session last told, for the channel's pages."""

from __future__ import annotations

from django.utils import timezone

from channels_app.models import Channel, LinkState
from providers import registry


def link_line(channel: Channel) -> str:
    """The state of a channel's session in a line; "" if the channel has none."""
    if channel.paused or channel.provider not in registry.slugs():
        return ""
    provider = channel.provider_class
    if not provider.linked and provider.collects_every is None:
        return ""
    state = LinkState.objects.filter(pk=channel.pk).first()
    if state is None or state.held_until is None:
        return "No links process has this channel; start one (manage.py links)."
    if state.held_until < timezone.now():
        return "The links process that had this channel is gone; another one will take it."
    facts = [f"{name.replace('_', ' ')}: {value}" for name, value in state.details.items()]
    return " · ".join(facts)
