"""What the composer of a session offers, and why it is locked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from providers.base import MediaRules, Provider
from providers.capabilities import has

from ..files.keeping import words
from ..models import Session
from ..models.windows import Window, window_of


@dataclass(frozen=True)
class Composer:
    """The composer of one session."""

    session: Session

    @cached_property
    def provider(self) -> Provider:
        return self.session.channel.adapter

    @cached_property
    def window(self) -> Window | None:
        """When the network takes free texts; None: always."""
        return window_of(self.session)

    @property
    def over(self) -> str:
        """Why this agent does not write here; "" if they may."""
        if getattr(self.session, "guest", False):
            whose = self.session.holder or self.session.queue or self.session.platform
            said = _("%(who)s answers here. You can add a note.")
            return said % {"who": whose or _("Someone else")}
        if self.session.closed_at:
            return _("This session is closed. Start a new one to write again.")
        if self.session.platform_id:
            return _("%(who)s answers this session.") % {"who": self.session.platform}
        if self.session.channel.paused:
            return _("Sending by %(channel)s is paused. You can add a note.") % {
                "channel": self.session.channel
            }
        return ""

    @property
    def lock(self) -> str:
        """Why no free text can be written now; "" if it can."""
        if self.over or self.window is None or self.window.is_open:
            return self.over
        return self.window.why_closed

    @cached_property
    def has_templates(self) -> bool:
        """Whether there is a template that may be sent now."""
        if self.over or not has(type(self.provider), "templates"):
            return False
        return self.session.channel.templates.filter(usable=True).exists()

    @property
    def left(self) -> str:
        """How long the window stays open, in words; "" if it is closed, or there is none."""
        if self.window is None or self.window.closes_at is None or not self.window.is_open:
            return ""
        return time_left((self.window.closes_at - timezone.now()).total_seconds())

    @property
    def key(self) -> str:
        """A new key for the reply, so that a repeated request is one message."""
        return uuid4().hex

    @property
    def media(self) -> MediaRules | None:
        return self.provider.media

    @property
    def max_text(self) -> int | None:
        return self.provider.max_text

    @property
    def max_beside(self) -> int | None:
        """The longest text beside a file, if that is a limit of its own."""
        return (self.media.max_text or None) if self.media else None

    @property
    def text_unit(self) -> str:
        return self.provider.text_unit

    @property
    def max_bytes(self) -> int:
        limit: int = settings.UPLOAD_MAX_BYTES
        return min(self.media.max_bytes, limit) if self.media else 0

    @property
    def sizes(self) -> str:
        """The limits of some types, for the page's script."""
        return json.dumps(self.media.sizes if self.media else ())

    @property
    def takes(self) -> str:
        """Which files may be attached, in a few words."""
        if self.media is None:
            return ""
        kinds = [f"{kind.rstrip('/')} {words(most)}" for kind, most in self.media.sizes]
        most = _("at most %(size)s") % {"size": words(self.max_bytes)}
        return f"{most} ({', '.join(kinds)})" if kinds else most

    @property
    def accept(self) -> str:
        """The types in the form of a file field's ``accept``."""
        types = self.media.types if self.media else ()
        return ",".join(f"{t}*" if t.endswith("/") else t for t in types)

    @property
    def counts_segments(self) -> bool:
        return self.session.customer.network == self.session.customer.PHONE


def time_left(seconds: float) -> str:
    """So many seconds in words: "23 h 12 min", "12 min", "48 s"."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{rest} s"
