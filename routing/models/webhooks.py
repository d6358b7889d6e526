"""Webhooks: who is told of which changes, what became of it, and receivers that are broken."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from providers.http import check_url

from .changes import Change, Feed
from .doors import Door
from .exchanges import PlatformEvent
from .rules import Platform

FORM = "webhook"  # of its receiver
SECRET_PREFIX = "whsec_"  # noqa: S105


def new_secret() -> str:
    """A signing secret, as the libraries of Standard Webhooks take it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def validate_kinds(kinds: Any) -> None:
    """Raise ValidationError unless these are kinds of changes."""
    if not isinstance(kinds, list) or (unknown := [k for k in kinds if k not in Change.KINDS]):
        named = ", ".join(map(str, unknown)) if isinstance(kinds, list) else kinds
        raise ValidationError(f"There is no such kind of event: {named}.")


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def active(self) -> WebhookQuerySet:
        """Those that are told now."""
        off = self.filter(door__active=False)
        return self.filter(active=True).exclude(pk__in=off.values("pk"))


class Webhook(models.Model):
    """A subscription: an address that is told of changes, signed and in order."""

    name = models.CharField(max_length=80)
    #: The platform that it is to the machinery of forwarding.
    receiver = models.OneToOneField(
        Platform, models.CASCADE, related_name="webhook", editable=False
    )
    kinds = models.JSONField(
        "events", default=list, blank=True, validators=[validate_kinds], help_text="None: all."
    )
    active = models.BooleanField(default=True)
    #: The service that made it, which is told of its own numbers only.
    door = models.ForeignKey(
        Door, models.CASCADE, null=True, related_name="webhooks", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def make(
        cls,
        name: str,
        url: str,
        kinds: list[str] | None = None,
        door: Door | None = None,
        active: bool = True,
    ) -> Webhook:
        """A new webhook; the feed begins if it did not run yet. Raises ValidationError."""
        validate_kinds(kinds or [])
        validate_url(url)
        receiver = Platform(form=FORM, url=url, keys=[new_secret()])
        receiver.name = f"Webhook {secrets.token_hex(8)}"
        receiver.save()
        Feed.begin()
        return cls.objects.create(
            name=name, receiver=receiver, kinds=kinds or [], door=door, active=active
        )

    @property
    def url(self) -> str:
        return self.receiver.url

    def point(self, url: str) -> None:
        """Let it go to another address. Raises ValidationError."""
        validate_url(url)
        self.receiver.url = url
        self.receiver.save(update_fields=["url"])

    @property
    def secret(self) -> str:
        return self.receiver.secret

    def renew_secret(self) -> str:
        """A new secret; the one before signs beside it until it is dropped."""
        self.receiver.keys = [new_secret(), *self.receiver.keys[:1]]
        self.receiver.save(update_fields=["keys"])
        return self.receiver.secret

    def drop_old_secret(self) -> None:
        """Sign with the newest secret alone."""
        self.receiver.keys = self.receiver.keys[:1]
        self.receiver.save(update_fields=["keys"])


def validate_url(url: str) -> None:
    """Raise ValidationError unless events may be posted there."""
    try:
        check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    if len(url) > 500:
        raise ValidationError("The address has more than 500 characters.")


class Circuit(models.Model):
    """A receiver that fails again and again is left alone for a while, then tried by one event."""

    receiver = models.OneToOneField(
        Platform, models.CASCADE, primary_key=True, related_name="circuit"
    )
    failures = models.PositiveIntegerField(default=0)
    broken_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.receiver}: {self.failures} failures"


class Delivery(models.Model):
    """One attempt to tell a webhook."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(PlatformEvent, models.CASCADE, related_name="deliveries")
    position = models.BigIntegerField(null=True, help_text="Of the change; null for a test.")
    kind = models.CharField(max_length=32)
    attempt = models.PositiveSmallIntegerField()
    #: 0 if there was no answer.
    status = models.PositiveSmallIntegerField(default=0)
    taken = models.BooleanField()
    said = models.CharField(max_length=500, blank=True)
    took_ms = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["webhook", "-id"], name="delivery_of_webhook")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status or self.said}"
