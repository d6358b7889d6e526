"""What shall stand in a customer's card, read from a form, a file or another system."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from channels_app.fields import normalise

from ..models import Card, CardField, Customer, Extension, Tag
from .refusing import Refused

TEXTS = {"name": 255, "company": 255, "email": 254, "language": 8, "notes": 20_000}
MOST_NUMBERS = 20


class Mistakes(Refused):
    """What is wrong with a card, by the name of the input."""

    def __init__(self, found: Mapping[str, str]) -> None:
        super().__init__(" ".join(found.values()))
        self.found = dict(found)


@dataclass
class Facts:
    """What a card shall say. What is None stays as it is."""

    name: str | None = None
    company: str | None = None
    email: str | None = None
    language: str | None = None
    notes: str | None = None
    vip: bool | None = None
    #: A list of none or one, so that "nobody" differs from "as it is".
    manager: list[Extension] | None = None
    #: All phone numbers: E.164, and the kind.
    numbers: dict[str, str] | None = None
    #: Values of free fields by the field's key; "" empties one.
    values: dict[int, str] = field(default_factory=dict)
    tags: list[Tag] | None = None

    @property
    def texts(self) -> dict[str, str]:
        return {n: text for n in TEXTS if (text := getattr(self, n)) is not None}


class Known:
    """Who and what a card can name, asked of the database once for many cards."""

    @cached_property
    def managers(self) -> dict[str, Extension]:
        return {each.number: each for each in Extension.objects.all()}

    @cached_property
    def tags(self) -> dict[str, Tag]:
        return {tag.name.casefold(): tag for tag in Tag.objects.all()}


def clean(
    typed: Mapping[str, Any],
    fields: Sequence[CardField] | None = None,
    region: str = "",
    known: Known | None = None,
) -> Facts:
    """The facts of what was typed: texts by their names, ``vip``, ``manager`` (an extension's
    number), ``numbers`` (pairs of kind and number), ``tags`` (names), ``field-5`` for free fields.

    Raises Mistakes.
    """
    facts, wrong = Facts(), {}
    for name, longest in TEXTS.items():
        if name in typed:
            text = str(typed[name]).replace("\x00", "").strip()
            if len(text) > longest:
                wrong[name] = _("At most %(most)s letters.") % {"most": longest}
            setattr(facts, name, text)
    if facts.email:
        facts.email = facts.email.lower()
        try:
            validate_email(facts.email)
        except ValidationError:
            wrong["email"] = _("“%(typed)s” is not an e-mail address.") % {"typed": facts.email}
    if facts.language:
        facts.language = facts.language.lower().replace("_", "-")
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,4})?", facts.language):
            wrong["language"] = _("Write the language as a code like en, de or pl.")
    if "vip" in typed:
        facts.vip = bool(typed["vip"])
    readers = {"manager": _manager, "tags": _tags}
    for name, read in readers.items():
        if name in typed:
            try:
                setattr(facts, name, read(typed[name], known or Known()))
            except ValueError as error:
                wrong[name] = str(error)
    if "numbers" in typed:
        facts.numbers, problems = _numbers(typed["numbers"], region)
        wrong |= problems
    for each in CardField.objects.all() if fields is None else fields:
        if (key := f"field-{each.pk}") in typed:
            try:
                facts.values[each.pk] = each.cleaned(str(typed[key]))
            except ValueError as error:
                wrong[key] = str(error)
    if wrong:
        raise Mistakes(wrong)
    return facts


def _manager(typed: str, known: Known) -> list[Extension]:
    number = str(typed).strip()
    if not number:
        return []
    if number not in known.managers:
        raise ValueError(_("There is no extension %(number)s.") % {"number": number})
    return [known.managers[number]]


def _tags(typed: Sequence[str], known: Known) -> list[Tag]:
    wanted = {name.strip().casefold(): name.strip() for name in typed if name.strip()}
    if not wanted:
        return []
    if missing := [name for key, name in wanted.items() if key not in known.tags]:
        raise ValueError(_("There is no tag “%(name)s”.") % {"name": missing[0]})
    return [known.tags[key] for key in wanted]


def _numbers(
    typed: Sequence[tuple[str, str]], region: str
) -> tuple[dict[str, str], dict[str, str]]:
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for place, (kind, number) in enumerate(typed):
        if not number.strip():
            continue
        try:
            known = normalise(number.replace("\x00", ""), region)
        except ValidationError as error:
            wrong[f"number-{place}"] = error.messages[0]
            continue
        found.setdefault(known, kind if kind in Customer.KINDS else "")
    if len(found) > MOST_NUMBERS:
        wrong["number-0"] = _("At most %(most)s numbers.") % {"most": MOST_NUMBERS}
    return found, wrong


def told(card: Card) -> dict[str, Any]:
    """All that stands in a card, in words: for the record, and for exports."""
    return {
        **{name: getattr(card, name) for name in TEXTS},
        "vip": card.vip,
        "manager": str(card.manager or ""),
        "addresses": [
            {"network": each.network, "address": each.address, "kind": each.kind}
            for each in card.addresses.order_by("pk")
        ],
        "fields": {v.field.name: v.text for v in card.values.select_related("field")},
        "tags": [tag.name for tag in card.tags.all()],
    }
