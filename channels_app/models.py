"""Channels and their numbers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from providers import base, registry
from providers.base import Provider

from .fields import EncryptedJSONField, own_address
from .networks import contains, validate_networks

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def new_token() -> str:
    """The secret part of a webhook address: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def validate_prefixes(value: str) -> None:
    """Raise ValidationError unless the text lists what numbers may begin with."""
    for word in filter(None, (each.strip() for each in value.split(","))):
        if not re.fullmatch(r"\+?[0-9A-Za-z]{1,12}", word):
            raise ValidationError(f"{word!r} is no prefix; write digits, with commas between.")


class Channel(models.Model):
    """An account at a provider, through which messages come and go."""

    CONNECTED, FAILED, UNCHECKED, PAUSED = "connected", "failed", "unchecked", "paused"
    STATUS_WORDS = {
        CONNECTED: "Connected",
        FAILED: "Connection failed",
        UNCHECKED: "Not checked",
        PAUSED: "Paused",
    }

    name = models.CharField(
        max_length=127, unique=True, help_text="A name by which you recognise the channel."
    )
    provider = models.CharField(max_length=32, help_text="Cannot be changed later.")
    credentials = EncryptedJSONField(default=dict, editable=False)
    api_address = models.CharField(
        "API address",
        max_length=500,
        blank=True,
        help_text="Leave empty for the provider's own address.",
    )
    webhook_token = models.CharField(max_length=32, unique=True, default=new_token, editable=False)
    allowed_addresses = models.TextField(
        blank=True,
        validators=[validate_networks],
        help_text="IP addresses or networks that may call the webhook. Empty: any.",
    )

    rate = models.DecimalField(
        "message sending rate",
        max_digits=9,
        decimal_places=3,
        default=Decimal("1"),
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text="Messages per second; 0.5 is one every two seconds. Messages beyond it wait "
        "their turn. Above the provider's own limit, messages may be refused.",
    )
    in_flight = models.PositiveIntegerField(
        "messages in flight",
        default=32,
        validators=[MinValueValidator(1)],
        help_text="How many may wait for the provider's answer at once.",
    )
    close_after_days = models.PositiveIntegerField(
        "session timeout (days)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Days without a message after which a session closes. Empty: never.",
    )
    accompanying_text = models.CharField(
        "accompanying text for chat file",
        max_length=500,
        blank=True,
        help_text="Sent along with a file that has no text of its own.",
    )
    allow_second_session = models.BooleanField(
        "allow taking over an active session",
        default=False,
        help_text="If on, an agent who starts a session with a customer whose session is active "
        "takes that session over, with its history. If off, this is refused.",
    )

    receives = models.BooleanField(
        "active incoming messages",
        default=True,
        help_text="If off, messages that arrive are kept under Held requests, not in the inbox.",
    )
    prefixes = models.CharField(
        "prefixes to remove",
        max_length=200,
        blank=True,
        validators=[validate_prefixes],
        help_text="Comma-separated. A received number that begins with one loses it.",
    )
    sender_name = models.CharField(
        "name of sender",
        max_length=64,
        blank=True,
        help_text="Sent as the sender instead of the number, where the provider takes a name.",
    )
    default_outgoing = models.BooleanField(
        "default channel for new messages",
        default=False,
        help_text="Offered first when an agent starts a session. Only one channel can be it.",
    )

    paused = models.BooleanField(default=False, help_text="Nothing is sent while paused.")
    fault = models.CharField(max_length=500, blank=True, editable=False)
    proved_at = models.DateTimeField(null=True, editable=False)
    slowed_until = models.DateTimeField(null=True, editable=False)
    slowed_reason = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    #: What an administrator may set besides name, provider, credentials and numbers.
    SETTINGS = (
        "api_address",
        "allowed_addresses",
        "receives",
        "prefixes",
        "sender_name",
        "default_outgoing",
        "rate",
        "in_flight",
        "close_after_days",
        "accompanying_text",
        "allow_second_session",
        "paused",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["default_outgoing"],
                condition=Q(default_outgoing=True),
                name="one_default_channel",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def provider_class(self) -> type[Provider]:
        """Raises KeyError if this version of Parley has no such provider."""
        return registry.get(self.provider)

    @property
    def adapter(self) -> Provider:
        """The provider, spoken to with this channel's credentials."""
        return self.provider_class(self.credentials, self.api_address)

    @property
    def webhook_path(self) -> str:
        return f"/api/v1.0/webhook/{self.provider}/{self.webhook_token}"

    @property
    def webhook_url(self) -> str:
        return settings.PUBLIC_URL + self.webhook_path

    @property
    def incoming_urls(self) -> list[str]:
        """The same address in the forms that documentation of other desks has."""
        start = f"{settings.PUBLIC_URL}/panel/tickets/incoming/{self.provider}"
        found = [f"{start}/{self.webhook_token}", f"{start}?secret={self.webhook_token}"]
        if self.provider_class.media:
            found += [
                f"{start}/{self.webhook_token}/mms",
                f"{start}/mms?secret={self.webhook_token}",
            ]
        return found

    @property
    def secret_values(self) -> list[str]:
        """What must be cut out of every log."""
        kept = [self.credentials.get(name) for name in self.provider_class.secrets()]
        kept += [*self.provider_class.disguises(self.credentials), self.webhook_token]
        return [value for value in kept if isinstance(value, str) and value]

    @property
    def status(self) -> str:
        if self.paused:
            return self.PAUSED
        if self.fault:
            return self.FAILED
        return self.CONNECTED if self.proved_at else self.UNCHECKED

    @property
    def status_reason(self) -> str:
        """Why the status is what it is, in a sentence; "" if there is nothing to say."""
        if not self.paused and self.fault:
            return self.fault
        if self.slowed_until and self.slowed_until > timezone.now():
            until = timezone.localtime(self.slowed_until)
            return f"Slowed down until {until:%H:%M:%S}: {self.slowed_reason}"
        return ""

    def allows_address(self, remote: str) -> bool:
        """Whether a webhook may be called from this IP address."""
        return not self.allowed_addresses.strip() or contains(self.allowed_addresses, remote)

    @property
    def prefix_list(self) -> tuple[str, ...]:
        """What received numbers lose."""
        return tuple(filter(None, (each.strip() for each in self.prefixes.split(","))))

    def sender_for(self, number: str) -> str:
        """What is sent as the sender from this number: the channel's name for it, if it has one."""
        return (self.provider_class.alphanumeric_sender and self.sender_name) or number

    def become_default(self) -> None:
        """Take the place of the default channel from any other; to be saved after it."""
        others = Channel.objects.exclude(pk=self.pk)
        others.filter(default_outgoing=True).update(default_outgoing=False)

    def show_fault(self, reason: str) -> bool:
        """Turn the channel red. Returns whether this call changed anything."""
        changed = Channel.objects.filter(pk=self.pk).exclude(fault=reason[:500])
        return bool(changed.update(fault=reason[:500]))

    def show_success(self) -> bool:
        """Turn the channel green. Returns whether this call changed its status."""
        stale = Channel.objects.filter(pk=self.pk).filter(~Q(fault="") | Q(proved_at=None))
        return bool(stale.update(fault="", proved_at=timezone.now()))

    def slow_down(self, until: datetime, reason: str) -> None:
        """Send nothing before ``until``; never shortens a slow-down that is in force."""
        Channel.objects.filter(pk=self.pk).filter(
            Q(slowed_until=None) | Q(slowed_until__lt=until)
        ).update(slowed_until=until, slowed_reason=reason[:500])


class Number(models.Model):
    """One of our numbers at a channel, or the name we send under."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="numbers")
    value = models.CharField(
        "number", max_length=64, help_text="With plus sign and country code, like +41791234510."
    )

    class Meta:
        ordering = ["value"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "value"], name="number_once_per_channel")
        ]

    def __str__(self) -> str:
        return self.value

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        if "value" not in (exclude or ()) and (self.channel_id or getattr(self, "channel", None)):
            try:
                self.value = own_address(self.value, self.channel.provider_class)
            except ValidationError as error:
                raise ValidationError({"value": error.messages}) from None


class Template(models.Model):
    """A text that the channel's provider has approved, as it was last synchronised."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    body = models.TextField()
    variables = models.JSONField(default=list, help_text="The names in the body, in their order.")
    category = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=64, blank=True, help_text="The provider's word.")
    usable = models.BooleanField(default=True)
    parts = models.JSONField(null=True, help_text="The provider's own description.")
    synced_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "name", "language"], name="template_once_per_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    def filled(self, values: Sequence[str]) -> str:
        """The text that a customer reads, with these values in the order of the variables."""
        given = dict(zip(self.variables, values, strict=False))
        return _VARIABLE.sub(lambda found: given.get(found[1], found[0]), self.body)

    @property
    def described(self) -> base.Template:
        """The template in the provider's words."""
        return base.Template(
            self.name,
            self.language,
            self.body,
            tuple(self.variables),
            self.category,
            self.status,
            self.usable,
            self.parts,
        )


class LinkState(models.Model):
    """Which links process holds a channel's session, until when, and what it last saw."""

    channel = models.OneToOneField(
        Channel, models.CASCADE, related_name="link_state", primary_key=True
    )
    holder = models.CharField(max_length=100, blank=True)
    held_until = models.DateTimeField(null=True)
    cursor = models.TextField(blank=True, help_text="Where collecting goes on.")
    details = models.JSONField(default=dict, help_text="Signal, window, last poll ...")
    seen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.channel}: {self.holder or 'nobody'}"
