"""What sessions ask of the desk's memory. Sessions that need none of it never come here."""

from __future__ import annotations

from collections.abc import Sequence

from channels_app.models import Channel, LinkState
from providers.links.base import Earlier

from ..models import Message

SHOWN = 50  # messages of a session that are looked at


def cursor(channel: Channel) -> str:
    """Where collecting goes on; "" at first."""
    found = LinkState.objects.filter(pk=channel.pk).values_list("cursor", flat=True)
    return found.first() or ""


def keep_cursor(channel: Channel, holder: str, value: str) -> None:
    """Raises LookupError if the channel is another's by now."""
    if not LinkState.objects.filter(pk=channel.pk, holder=holder).update(cursor=value):
        raise LookupError(f"{channel} is another process's by now.")


def earlier(channel: Channel, reference: str) -> list[Earlier]:
    """The session's messages before the one with this reference, the newest first."""
    found = Message.objects.filter(channel=channel, reference=reference).first()
    if found is None:
        return []
    before = Message.objects.filter(session=found.session_id, pk__lt=found.pk)
    texts = before.exclude(direction=Message.SYSTEM).order_by("-pk")
    return [
        Earlier(provider_id, text, ours=direction == Message.OUT)
        for provider_id, text, direction in texts.values_list("provider_id", "text", "direction")[
            :SHOWN
        ]
    ]


def written_to(channel: Channel, ids: Sequence[str]) -> str:
    """The customer to whom one of these was sent, of several the last; "" if none was."""
    sent = Message.objects.filter(
        channel=channel, direction=Message.OUT, provider_id__in=list(ids)
    ).exclude(provider_id="")
    return sent.order_by("-pk").values_list("recipient", flat=True).first() or ""
