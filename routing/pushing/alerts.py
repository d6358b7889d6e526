"""What an agent is told of a session with new messages, and whether they want to be."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from ..models import AgentSettings, Extension, Session


@dataclass(frozen=True)
class Alert:
    """One notification. Those with the same ``tag`` take each other's place."""

    title: str
    body: str
    tag: str
    url: str


def alert_for(extension: Extension, session: Session) -> Alert | None:
    """What this agent, who may see the session, is told of it now; None if they are not."""
    chosen = AgentSettings.of(extension)
    mine = session.holder_id == extension.pk or session.shared
    if not session.unread or session.closed_at or not chosen.wants(mine=mine):
        return None
    tag, url = f"s{session.pk}", reverse("session", args=[session.pk])
    if not chosen.preview:
        return Alert("Parley", _("A new message"), tag, url)
    return Alert(str(session.customer), session.last_text or _("A new message"), tag, url)
