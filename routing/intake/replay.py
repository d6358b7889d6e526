"""Reads held requests again, once the administrator (or a new version) has mended the cause."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from providers.base import WebhookRequest
from providers.errors import WebhookError

from ..models import Held
from .door import door_of
from .filing import file
from .packed import METHOD, unpack
from .visits import Visit, brought, read


def replay(held: Held) -> str:
    """Read a held request again and file what it says; returns a sentence on what became of it.

    It was verified when it came, so it is not verified again. Replaying twice files nothing twice.
    Raises WebhookError with the reason, and leaves it held, if it still cannot become a message.
    """
    if held.cause == Held.OVERSIZED:
        raise WebhookError("The request was too large, so its content was not kept.")
    door = door_of(held.channel.provider, held.channel.webhook_token, fresh=True)
    if door is None:
        raise WebhookError(f"This Parley has no provider {held.channel.provider!r}.")
    request = WebhookRequest(
        method=held.method,
        url=held.url,
        tail=held.tail,
        query=held.query,
        headers=held.headers,
        body=bytes(held.body),
        remote=held.remote,
    )
    packed = held.method == METHOD
    found = brought(door, unpack(request.body)) if packed else read(door, request)
    for letter in found.letters:
        letter.arrived(held.at)
    if found.held:
        Held.objects.filter(pk=held.pk).update(error=found.held[1][:500])
        raise WebhookError(found.held[1])
    with transaction.atomic():
        Held.objects.filter(pk=held.pk, settled_at=None).update(settled_at=timezone.now())
        file(found.letters, [found.row()])
        if found.has_rest:
            found.store_rest()
    return _told(found)


def _told(found: Visit) -> str:
    new = sum(not letter.duplicate for letter in found.letters)
    seen = len(found.letters) - new
    said = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for count, word in ((new, "new message"), (seen, "known message"))
        if count
    ]
    if found.reports:
        said.append(f"{len(found.reports)} delivery report{'s' if len(found.reports) != 1 else ''}")
    return f"Replayed: {', '.join(said) or 'nothing to file'}."
