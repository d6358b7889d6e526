"""A channel turns red or green: shown on its page, and told to those at the Open API."""

from __future__ import annotations

from channels_app.models import Channel

from . import errands


def show_fault(channel: Channel, reason: str) -> bool:
    """Turn the channel red. Returns whether this call changed anything."""
    changed = channel.show_fault(reason)
    if changed:
        said = f"{channel.name}: {reason}"
        errands.announce(errands.ERROR, "Message Channel Failed", "system", said, channel)
    return changed


def show_success(channel: Channel) -> bool:
    """Turn the channel green. Returns whether this call changed its status."""
    was_red = Channel.objects.filter(pk=channel.pk).exclude(fault="").exists()
    changed = channel.show_success()
    if changed and was_red:
        said = f"{channel.name} is connected again."
        errands.announce(errands.INFO, "Message Channel Connected", "system", said, channel)
    return changed
