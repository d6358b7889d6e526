"""A look before sending: has anything come that the agent had not seen when they wrote?"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from ..models import Extension, Message, Session
from .telling import NOTE

TOLD = 20  # messages that are shown


class Overtaken(Exception):
    """Something new stands in the session: ``news``, oldest first. Nothing was sent."""

    def __init__(self, news: Sequence[Message]) -> None:
        super().__init__("Something new came before this was sent.")
        self.news = news


def check_news(extension: Extension, session: Session, seen: int) -> None:
    """Raise Overtaken if others wrote in the session after the message ``seen``.

    Asked while the session is locked, so that nothing can come between this and the sending.
    """
    written = Q(direction__in=[Message.IN, Message.OUT]) | Q(event=NOTE)
    newer = session.messages.filter(written, pk__gt=seen)
    others = newer.exclude(author=extension).select_related("author")
    if news := list(others.order_by("-pk")[:TOLD]):
        raise Overtaken(news[::-1])
