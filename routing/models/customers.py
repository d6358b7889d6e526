"""Those who write to us."""

from __future__ import annotations

from django.db import models


class Customer(models.Model):
    """A customer, known by an address on a network: a phone number, or a chat id."""

    PHONE = "phone"

    #: "phone" for every provider of phone numbers, else the slug of the chat network.
    network = models.CharField(max_length=32, default=PHONE)
    address = models.CharField(max_length=255, help_text="E.164 where it is a phone number.")
    name = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "address"], name="customer_once_per_network")
        ]

    def __str__(self) -> str:
        return self.name or self.address
