"""What only some messages bring: files, events for platforms, undecodable bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .. import files
from ..models import Exchange, Message, PlatformEvent
from .letters import Letter


def file_extras(letters: Sequence[Letter]) -> None:
    """Keep the letters' files, and tell platforms and doors of the messages."""
    messages = Message.objects.in_bulk([x.message for x in letters if x.media])
    for letter in letters:
        for attachment in letter.files:
            attachment.pk = None  # an earlier, failed try may have set it
            files.attach(messages[letter.message], attachment)
    PlatformEvent.objects.bulk_create(
        PlatformEvent(platform_id=platform, session_id=x.session, message_id=x.message)
        for x in letters
        for platform in x.told
    )
    Exchange.objects.bulk_create(
        Exchange(
            channel=x.channel,
            message_id=x.message,
            kind=Exchange.WEBHOOK,
            outcome=Exchange.HELD,
            reason="The text could not be decoded; it is kept as it came.",
            calls=json.dumps([{"method": "", "url": "", "request": x.inbound.raw}]),
        )
        for x in letters
        if x.inbound.raw
    )
