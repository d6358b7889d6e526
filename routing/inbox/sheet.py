"""The form of a customer's card: what stands in its inputs, and what was typed into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import QueryDict

from ..desk import cards
from ..desk.card_facts import TEXTS, Facts, Mistakes, clean
from ..desk.refusing import Refused
from ..models import Card, CardField, Customer, Extension, Tag


@dataclass(frozen=True)
class Line:
    """One input for a number."""

    place: int
    kind: str
    number: str
    wrong: str


@dataclass(frozen=True)
class Blank:
    """One free field with its value."""

    field: CardField
    text: str
    wrong: str

    @property
    def name(self) -> str:
        return f"field-{self.field.pk}"


@dataclass
class Sheet:
    """A card's form. ``joining`` is the address that a new card is made for."""

    card: Card | None
    joining: Customer | None = None
    typed: QueryDict | None = None
    refusal: str = ""
    wrong: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)

    kinds = Customer.KINDS

    @cached_property
    def fields(self) -> Sequence[CardField]:
        return list(CardField.objects.all())

    def keep(self, by: Extension) -> Card | None:
        """Save what was typed; None where it is refused, and the sheet says why."""
        try:
            return cards.keep(by, self.card, self._facts(), self.joining)
        except Mistakes as mistakes:
            self.wrong = mistakes.found
        except Refused as refused:
            self.refusal = str(refused)
        return None

    def _facts(self) -> Facts:
        form = self.typed or QueryDict()
        read: dict[str, Any] = {name: form.get(name, "") for name in TEXTS}
        read |= {"vip": "vip" in form, "manager": form.get("manager", "")}
        read["numbers"] = list(zip(form.getlist("kind"), form.getlist("number"), strict=False))
        read["tags"] = form.getlist("tag")
        read |= {f"field-{each.pk}": form.get(f"field-{each.pk}", "") for each in self.fields}
        return clean(read, self.fields, settings.PHONE_REGION)

    # --- what the inputs show -----------------------------------------------------------------

    @property
    def texts(self) -> dict[str, str]:
        if self.typed is not None:
            return {name: self.typed.get(name, "") for name in TEXTS}
        if self.card:
            return {name: getattr(self.card, name) for name in TEXTS}
        return dict.fromkeys(TEXTS, "") | self.given

    @property
    def vip(self) -> bool:
        return "vip" in self.typed if self.typed is not None else bool(self.card and self.card.vip)

    @property
    def manager(self) -> str:
        if self.typed is not None:
            return self.typed.get("manager", "")
        return self.card.manager.number if self.card and self.card.manager else ""

    @cached_property
    def lines(self) -> list[Line]:
        """The numbers, and an empty input for one more."""
        if self.typed is not None:
            pairs = list(
                zip(self.typed.getlist("kind"), self.typed.getlist("number"), strict=False)
            )
        else:
            held = [each for each in self._addresses if each.is_phone]
            pairs = [(each.kind, each.address) for each in held]
            if not self.card and self.given.get("number"):
                pairs = [("", self.given["number"])]
        if not pairs or pairs[-1][1]:
            pairs.append(("", ""))
        return [
            Line(n, kind, number, self.wrong.get(f"number-{n}", ""))
            for n, (kind, number) in enumerate(pairs)
        ]

    @property
    def chats(self) -> list[Customer]:
        """Addresses that the form does not change: of chat networks, and odd ones."""
        return [each for each in self._addresses if not each.is_phone]

    @cached_property
    def _addresses(self) -> list[Customer]:
        found = self.card.known_addresses if self.card else []
        return found + ([self.joining] if self.joining and not self.card else [])

    @cached_property
    def blanks(self) -> list[Blank]:
        kept = {value.field_id: value.text for value in self.card.values.all()} if self.card else {}
        return [
            Blank(
                each,
                self.typed.get(f"field-{each.pk}", "") if self.typed else kept.get(each.pk, ""),
                self.wrong.get(f"field-{each.pk}", ""),
            )
            for each in self.fields
        ]

    @cached_property
    def tags(self) -> list[tuple[Tag, bool]]:
        if self.typed is not None:
            chosen = set(self.typed.getlist("tag"))
        else:
            chosen = {tag.name for tag in self.card.tags.all()} if self.card else set()
        return [(tag, tag.name in chosen) for tag in Tag.objects.all()]

    @cached_property
    def managers(self) -> list[Extension]:
        return list(Extension.objects.all())
