"""By which id the callers of our doors know a message."""

from __future__ import annotations

import uuid

from django.conf import settings

from ..models import Message


def public_id(message: Message) -> uuid.UUID:
    """Of a message that a door asked for, the id it was given then; of others one of their own.

    It is the same each time, and differs from that of any other Parley.
    """
    if errand := getattr(message, "errand", None):
        found: uuid.UUID = errand.public_id
        return found
    name = f"{settings.PUBLIC_URL}/messages/{message.pk}?{message.created_at.timestamp()}"
    return uuid.uuid5(uuid.NAMESPACE_URL, name)
