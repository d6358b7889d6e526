"""The tags that the lines of the list show: those of the session, and those of its customer.

They come with the sessions, as text: another question for each page would cost more.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, CharField, OuterRef, Subquery, Value
from django.db.models.functions import Concat

from ..models import Card, Session, SessionTag

SHOWN = 3

Label = tuple[str, str]  # name and colour


class _Lines(Aggregate):
    """Texts joined by line breaks."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, char(10))"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(
            compiler,
            connection,
            function="STRING_AGG",
            template="%(function)s(%(expressions)s, chr(10))",
            **context,
        )


def _lines(tags: Any, by: str) -> Subquery:
    one = Concat("tag__colour", Value(":"), "tag__name")
    return Subquery(tags.order_by().values(by).annotate(lines=_Lines(one)).values("lines"))


def told() -> dict[str, Subquery]:
    """What a query of sessions must bring for ``labels_of``."""
    return {
        "own_tags": _lines(SessionTag.objects.filter(session=OuterRef("pk")), "session"),
        "card_tags": _lines(
            Card.tags.through.objects.filter(card=OuterRef("customer__card")), "card"
        ),
    }


def labels_of(session: Session) -> tuple[Label, ...]:
    """The session's tags and its customer's, each once, by name."""
    lines = f"{session.own_tags or ''}\n{session.card_tags or ''}".split("\n")
    pairs = {tuple(reversed(line.split(":", 1))) for line in lines if line}
    return tuple(sorted(pairs))
