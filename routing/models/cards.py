"""The address book: a card for each customer whom somebody knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import phonenumbers
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .customers import Customer
from .rules import Extension
from .sessions import Session
from .tags import Tag
from .words import plain


class AddressBook(models.Model):
    """How the house keeps its customers. There is one row, or none for what is usual."""

    shared = models.BooleanField(
        "shared by all agents",
        default=True,
        help_text="Every agent sees every customer's card. Otherwise only those of customers whose "
        "sessions the agent may read, and those the agent made or manages. Sessions and messages "
        "are never shared by this.",
    )

    class Meta:
        verbose_name = "address book"
        verbose_name_plural = "address book"

    def __str__(self) -> str:
        return "Address book"

    @classmethod
    def is_shared_with(cls, extension: Extension) -> bool:
        """Whether this agent sees every card; asked of the database once for each request."""
        if not hasattr(extension, "sees_all_cards"):
            row = cls.objects.filter(pk=1).first()
            extension.sees_all_cards = row.shared if row else True
        return bool(extension.sees_all_cards)


class CardQuerySet(models.QuerySet["Card"]):
    def seen_by(self, extension: Extension) -> CardQuerySet:
        """The cards that this agent may see."""
        if AddressBook.is_shared_with(extension):
            return self
        sessions = Session.objects.readable_by(extension).order_by()
        met = Customer.objects.filter(sessions__in=sessions).exclude(card=None).values("card")
        return self.filter(Q(pk__in=met) | Q(manager=extension) | Q(made_by=extension))


class Card(models.Model):
    """A customer: a person or a company, with all addresses that are known."""

    name = models.CharField(max_length=255, blank=True)
    company = models.CharField(max_length=255, blank=True)
    email = models.EmailField("e-mail", blank=True)
    language = models.CharField(max_length=8, blank=True, help_text="A code like en, de or pl.")
    notes = models.TextField(blank=True)
    vip = models.BooleanField("VIP", default=False)
    manager = models.ForeignKey(
        Extension, models.SET_NULL, null=True, blank=True, related_name="customers"
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="cards")
    made_by = models.ForeignKey(
        Extension, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    #: What the lists sort by, and what the search looks into; ``derive`` fills them.
    sort_name = models.CharField(max_length=100, editable=False)
    found_by = models.TextField(editable=False)

    objects = CardQuerySet.as_manager()

    class Meta:
        verbose_name = "customer"
        permissions = [
            ("import_card", "Can import customers"),
            ("export_card", "Can export customers"),
            ("erase_card", "Can erase a customer's data"),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="card_by_name"),
            models.Index(fields=["email"], name="card_by_email", condition=~Q(email="")),
        ]

    def __str__(self) -> str:
        return self.title or _("Customer without a name")

    @property
    def title(self) -> str:
        return self.name or self.company

    @property
    def known_addresses(self) -> list[Customer]:
        return sorted(self.addresses.all(), key=lambda each: each.pk)

    @property
    def phone(self) -> Customer | None:
        """The number to write to."""
        return next((each for each in self.known_addresses if each.is_phone), None)

    def derive(self, addresses: Iterable[str]) -> None:
        """Fill in what follows from the facts and these addresses; saving is the caller's."""
        found = [self.name, self.company, self.email]
        found += [form for each in addresses for form in dialled(each)]
        self.found_by = " ".join(filter(None, found)).replace("\x00", "")
        sorted_by = self.title or next(iter(addresses), "") or self.email
        self.sort_name = plain(sorted_by)[:100]
        self.changed_at = timezone.now()


def dialled(address: str) -> list[str]:
    """An address as people search for it: a phone number with and without its country code."""
    if not address.startswith("+"):
        bare = address.lstrip("0")
        return [address, bare] if bare.isdecimal() and bare != address else [address]
    try:
        national = str(phonenumbers.parse(address).national_number)
    except phonenumbers.NumberParseException:
        return [address]
    return [address, national]


class CardField(models.Model):
    """A field of every card that the administrator thought of."""

    TEXT, NUMBER, DATE, CHOICE = "text", "number", "date", "choice"
    KINDS = {
        TEXT: gettext_lazy("Text"),
        NUMBER: gettext_lazy("Number"),
        DATE: gettext_lazy("Date"),
        CHOICE: gettext_lazy("Choice"),
    }
    LONGEST = 500

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=8, choices=KINDS, default=TEXT)
    choices = models.TextField(blank=True, help_text="One on each line, for a field of choices.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Small ones come first.")

    class Meta:
        ordering = ["position", "name"]
        verbose_name = "customer field"

    def __str__(self) -> str:
        return self.name

    @property
    def listed(self) -> list[str]:
        """What can be chosen."""
        return [line.strip() for line in self.choices.splitlines() if line.strip()]

    def cleaned(self, text: str) -> str:
        """A value as it is kept. Raises ValueError with a sentence for whoever typed it."""
        text = text.replace("\x00", "").strip()
        if not text:
            return ""
        if len(text) > self.LONGEST:
            raise ValueError(_("%(field)s is too long.") % {"field": self.name})
        return str(getattr(self, f"_{self.kind}")(text))

    def _text(self, text: str) -> str:
        return text

    def _number(self, text: str) -> str:
        try:
            number = Decimal(text.replace(" ", "").replace(",", "."))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
            raise ValueError(_("%(field)s must be a number.") % {"field": self.name})
        return f"{number.normalize():f}"

    def _date(self, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            words = _("%(field)s must be a date like 2026-03-31.") % {"field": self.name}
            raise ValueError(words) from None

    def _choice(self, text: str) -> str:
        found = [each for each in self.listed if each.casefold() == text.casefold()]
        if not found:
            words = _("%(field)s must be one of: %(choices)s.")
            raise ValueError(words % {"field": self.name, "choices": ", ".join(self.listed)})
        return found[0]


class FieldValue(models.Model):
    """What stands in a field of one card. An empty field has no row."""

    card = models.ForeignKey(Card, models.CASCADE, related_name="values", db_index=False)
    field = models.ForeignKey(CardField, models.CASCADE, related_name="values", db_index=False)
    text = models.CharField(max_length=CardField.LONGEST)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["card", "field"], name="one_value")]
        indexes = [models.Index(fields=["field", "text"], name="card_by_value")]

    def __str__(self) -> str:
        return self.text


class CardEvent(models.Model):
    """What was done to a card, by whom; of a merged or deleted one, all that stood in it."""

    MADE, CHANGED, MERGED, DELETED = "made", "changed", "merged", "deleted"
    KINDS = {MADE: "Added", CHANGED: "Changed", MERGED: "Merged", DELETED: "Deleted"}

    card = models.ForeignKey(Card, models.SET_NULL, null=True, related_name="events")
    name = models.CharField("customer", max_length=255, blank=True)
    kind = models.CharField(max_length=8, choices=KINDS)
    by = models.CharField(max_length=255, blank=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "change of a customer"
        verbose_name_plural = "changes of customers"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @classmethod
    def note(cls, card: Card, kind: str, by: Any, facts: dict[str, Any]) -> None:
        """Write down what happened; ``by`` is an extension or a user."""
        cls.objects.create(card=card, name=str(card)[:255], kind=kind, by=str(by), facts=facts)


class Erasure(models.Model):
    """That a customer was erased, and how much went. Nothing in it tells who it was."""

    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=255)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "erased customer"

    def __str__(self) -> str:
        return f"Erased on {self.at:%Y-%m-%d %H:%M}"


class PanelClosed(models.Model):
    """This agent works without the panel beside the thread."""

    extension = models.OneToOneField(
        Extension, models.CASCADE, primary_key=True, related_name="panel_closed"
    )
