"""Those who write to us."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Customer(models.Model):
    """A customer, known by an address on a network: a phone number, or a chat id.

    Several addresses of one customer are joined by a card. Who has none is a bare address: nobody
    has written down yet who that is.
    """

    PHONE = "phone"
    KINDS = {"mobile": _("Mobile"), "work": _("Work"), "home": _("Home"), "other": _("Other")}

    #: "phone" for every provider of phone numbers, else the slug of the chat network.
    network = models.CharField(max_length=32, default=PHONE)
    address = models.CharField(max_length=255, help_text="E.164 where it is a phone number.")
    #: What is shown: the card's name where there is a card, else what the network told.
    name = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    card = models.ForeignKey("Card", models.SET_NULL, null=True, related_name="addresses")
    kind = models.CharField(max_length=8, choices=KINDS, blank=True, default="", db_default="")

    class Meta:
        verbose_name = "address"
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(fields=["network", "address"], name="customer_once_per_network")
        ]

    def __str__(self) -> str:
        return self.name or self.address

    @property
    def known(self) -> bool:
        """Whether somebody has written down who this is."""
        return self.card_id is not None

    @property
    def is_phone(self) -> bool:
        return self.network == self.PHONE and self.address.startswith("+")

    @property
    def kind_name(self) -> str:
        """What sort of address it is, in a word."""
        if self.network != self.PHONE:
            return self.network.replace("_", " ").capitalize()
        return str(self.KINDS.get(self.kind, _("Number")))
