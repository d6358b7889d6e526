"""The list of customers: searched, narrowed by a tag, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, prefetch_related_objects

from ..models import Card, Extension, Tag, words
from .marking import Asked

PAGE = 50
LONGEST = 200


@dataclass(frozen=True)
class Asking:
    """What an address asks for: words, a tag, and after which customer."""

    words: str = ""
    tag: int | None = None
    after: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Asking:
        tag = asked.get("tag", "")
        return cls(
            " ".join(asked.get("q", "").replace("\x00", " ").split())[:LONGEST],
            int(tag) if tag.isdecimal() and len(tag) < 19 else None,
            asked.get("after", "").replace("\x00", "")[:200],
        )

    @property
    def query(self) -> str:
        parts = {"q": self.words, "tag": self.tag}
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"?{query}" if query else ""

    @property
    def plain(self) -> str:
        """The same without the tag."""
        return Asking(self.words).query


@dataclass(frozen=True)
class Book:
    """A page of the customers that the agent may see."""

    asking: Asking
    cards: list[Card]
    more: bool
    tag: Tag | None = None

    @property
    def query(self) -> str:
        return self.asking.query

    @property
    def next(self) -> str:
        """The address of what follows."""
        last = self.cards[-1]
        after = urlencode({"after": f"{last.pk}~{last.sort_name}"})
        return f"{self.query}{'&' if self.query else '?'}{after}"


def book(extension: Extension, asking: Asking, beside: Card | None = None) -> Book:
    """A page of customers by their names; the card that is shown beside is filled along."""
    found = Card.objects.seen_by(extension)
    if asking.tag:
        found = found.filter(tags=asking.tag)
    asked = Asked.of(asking.words)
    if asking.words:
        found = found.filter(_matching(asking.words, asked))
    pk, divided, name = asking.after.partition("~")
    if divided and pk.isdecimal() and len(pk) < 19:
        later = Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=int(pk))
        found = found.filter(later, sort_name__gte=name)
    cards = list(found.order_by("sort_name", "pk")[: PAGE + 1])
    prefetch_related_objects([*cards[:PAGE], *([beside] if beside else [])], "tags", "addresses")
    tag = Tag.objects.filter(pk=asking.tag).first() if asking.tag else None
    return Book(asking, cards[:PAGE], len(cards) > PAGE, tag)


def _matching(question: str, asked: Asked) -> Q:
    """Cards with all the words, with the number, or with a tag that begins like this."""
    found = Q(
        pk__in=Tag.cards.through.objects.filter(tag__name__istartswith=question).values("card")
    )
    if asked.digits:
        return found | Q(pk__in=words.cards_with([asked.digits]))
    return found | Q(pk__in=words.cards_with(list(asked.words))) if asked.words else found
