"""The columns of a file of customers: what each means, and how a customer is written into them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone
from import_export import fields, resources

from ..models import Card, CardField, Customer

TEXTS = {
    "name": "name",
    "company": "company",
    "language": "language",
    "notes": "notes",
    "email": "email",
    "e-mail": "email",
    "mail": "email",
}
NUMBERS = {
    "phone": "",
    "number": "",
    "telephone": "",
    **{kind: kind for kind in Customer.KINDS},
}
YES = {"1", "yes", "y", "true", "x", "ja", "tak", "vip"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CHUNK = 1000


def meaning(header: str, free: Sequence[CardField]) -> str:
    """What a column means: a fact's name, "number:work", "field-5"; "" if it is not known."""
    word = re.sub(r"[\s_]+", " ", header.replace("\ufeff", "")).strip().casefold()
    for each in free:
        if each.name.casefold() == word:
            return f"field-{each.pk}"
    plain = re.sub(r" ?\d+$", "", word)
    if plain in NUMBERS:
        return f"number:{NUMBERS[plain]}"
    return TEXTS.get(word) or (word if word in ("vip", "manager", "tags") else "")


def typed(cells: Sequence[str], columns: Mapping[str, str]) -> dict[str, Any]:
    """What a line says, for ``clean``. An empty cell says nothing."""
    said: dict[str, Any] = {}
    numbers = []
    for place, means in columns.items():
        text = _plain(str(cells[int(place)])) if int(place) < len(cells) else ""
        if not text:
            continue
        if means.startswith("number:"):
            numbers.append((means[7:], text))
        elif means == "tags":
            said[means] = re.split("[,;|]", text)
        elif means == "vip":
            said[means] = text.casefold() in YES
        else:
            said[means] = text
    return said | ({"numbers": numbers} if numbers else {})


def _plain(text: str) -> str:
    """A cell without the mark that keeps a spreadsheet from taking it for a formula."""
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def safe(text: str) -> str:
    """A cell that no spreadsheet runs. A phone number is none that it could."""
    return f"'{text}" if text.startswith(FORMULA) and not _E164.fullmatch(text) else text


class CardResource(resources.ModelResource):
    """A customer as a line of a file, with a column for each free field."""

    numbers = 3  # columns for phone numbers beyond the first of each kind

    def __init__(self) -> None:
        super().__init__()
        for each in CardField.objects.all():
            self.fields[f"field-{each.pk}"] = fields.Field(column_name=each.name)
        self._free = [name for name in self.fields if name.startswith("field-")]

    phone = fields.Field(column_name="phone")
    phone_2 = fields.Field(column_name="phone 2")
    phone_3 = fields.Field(column_name="phone 3")
    mobile = fields.Field(column_name="mobile")
    work = fields.Field(column_name="work")
    home = fields.Field(column_name="home")
    other = fields.Field(column_name="other")
    tags = fields.Field(column_name="tags")
    manager = fields.Field(column_name="manager")
    vip = fields.Field(column_name="vip")

    class Meta:
        model = Card
        fields = (
            *("name", "company", "phone", "phone_2", "phone_3", "mobile", "work", "home", "other"),
            *("email", "language", "vip", "manager", "tags", "notes"),
        )
        export_order = fields

    def lines(self, found: Iterable[Card]) -> Iterator[list[str]]:
        """The header, then a line for each customer, safe for spreadsheets."""
        names = [*self._meta.export_order, *self._free]
        yield [safe(str(self.fields[name].column_name)) for name in names]
        for card in found:
            known = self._known(card)
            yield [safe(str(known.get(name, ""))) for name in names]

    def _known(self, card: Card) -> dict[str, str]:
        known = {name: getattr(card, name) for name in ("name", "company", "email", "language")}
        known |= {"notes": card.notes, "vip": "yes" if card.vip else ""}
        known["manager"] = card.manager.number if card.manager else ""
        known["tags"] = ", ".join(tag.name for tag in card.tags.all())
        known |= {f"field-{each.field_id}": each.text for each in card.values.all()}
        spare = ["phone", "phone_2", "phone_3"]
        for each in card.known_addresses:
            if each.is_phone:
                place = each.kind if each.kind and each.kind not in known else ""
                place = place or (spare.pop(0) if spare else "")
                if place:
                    known[place] = each.address
        return known


class _Echo:
    """A file of which each line is handed on at once."""

    def write(self, line: str) -> str:
        return line


def csv_of(found: Any) -> Iterator[str]:
    """These cards as a CSV file, line by line."""
    writer = csv.writer(_Echo())
    for n, line in enumerate(CardResource().lines(cards_in_chunks(found))):
        yield "\ufeff" * (n == 0) + writer.writerow(line)


def file_name() -> str:
    """What today's file of customers is called."""
    return f"customers-{timezone.localdate():%Y-%m-%d}.csv"


def cards_in_chunks(found: Any) -> Iterator[Card]:
    """All of these cards with what belongs to them, a thousand at a time, in the order of keys."""
    last = 0
    while True:
        page = found.filter(pk__gt=last).order_by("pk").select_related("manager")
        chunk = list(page.prefetch_related("tags", "addresses", "values")[:CHUNK])
        if not chunk:
            return
        yield from chunk
        last = chunk[-1].pk
