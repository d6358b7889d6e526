"""What the composer of a session offers, and why it is locked."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings

from providers.base import MediaRules

from ..models import Session


@dataclass(frozen=True)
class Composer:
    """The composer of one session."""

    session: Session

    @property
    def lock(self) -> str:
        """Why nothing can be written; "" if it can."""
        if self.session.closed_at:
            return "This session is closed. Start a new one to write again."
        if self.session.platform_id:
            return f"{self.session.platform} answers this session."
        return ""

    @property
    def key(self) -> str:
        """A new key for the reply, so that a repeated request is one message."""
        return uuid4().hex

    @property
    def media(self) -> MediaRules | None:
        return self.session.channel.provider_class.media

    @property
    def max_text(self) -> int | None:
        return self.session.channel.provider_class.max_text

    @property
    def max_bytes(self) -> int:
        limit: int = settings.UPLOAD_MAX_BYTES
        return min(self.media.max_bytes, limit) if self.media else 0

    @property
    def accept(self) -> str:
        """The types in the form of a file field's ``accept``."""
        types = self.media.types if self.media else ()
        return ",".join(f"{t}*" if t.endswith("/") else t for t in types)

    @property
    def counts_segments(self) -> bool:
        return self.session.customer.network == self.session.customer.PHONE
