"""Doors: other systems that send and receive through us, each with a key and limits of its own."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from channels_app.fields import EncryptedJSONField
from channels_app.models import Channel, Number
from channels_app.networks import contains, validate_networks
from providers import registry

from .customers import Customer
from .messages import Message
from .rules import Platform
from .sessions import Session, SessionQuerySet

ROTATION = timedelta(hours=24)  # how long the old key still works after a new one was made
TOUCH = timedelta(seconds=60)  # the last use is written down no more often than this
SHORTEST_KEY = 16  # characters of a key that somebody chose


def hashed(key: str) -> str:
    """What is kept of a key. Keys are long and random, so that a plain hash protects them."""
    return hashlib.sha256(key.encode()).hexdigest()


def validate_sender(number: Number) -> None:
    """Raise ValidationError unless texts to phones can leave from this number."""
    provider = number.channel.provider
    if provider not in registry.slugs() or registry.get(provider).network != Customer.PHONE:
        raise ValidationError(f"{number} sends no text messages to phones.")


def _private(remote: str) -> bool:
    found = _address(remote)
    return found is not None and not found.is_global and not found.is_multicast


def _address(remote: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(remote)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class DoorQuerySet(models.QuerySet["Door"]):
    def with_key(self, kind: str, key: str) -> Door | None:
        """The door of this kind that the key opens, switched off or not."""
        given = hashed(key)
        old = Q(old_key_hash=given, old_key_until__gt=timezone.now())
        return self.filter(Q(key_hash=given) | old, kind=kind).first() if key else None


class Door(models.Model):
    """One system at one of our doors."""

    YEASTAR_SMS, OZEKI, OPENAPI, REST = "yeastar_sms", "ozeki", "openapi", "rest"
    KINDS = {
        YEASTAR_SMS: "SMS provider of a Yeastar PBX",
        OZEKI: "Ozeki's HTTP API",
        OPENAPI: "Yeastar's Open API",
        REST: "Parley's REST API",
    }

    name = models.CharField(max_length=127, unique=True)
    kind = models.CharField(max_length=16, choices=KINDS)
    active = models.BooleanField(default=True)

    sender = models.ForeignKey(
        Number,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="doors",
        help_text="Messages leave from this number, whatever the caller writes.",
    )
    senders = models.ManyToManyField(
        Number,
        blank=True,
        related_name="+",
        verbose_name="further senders",
        help_text="Numbers that the caller may choose as well.",
    )
    extension = models.CharField(
        "API extension",
        max_length=16,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{1,16}$", "Digits only.")],
        help_text="The number by which Ozeki's scripts name the sender.",
    )
    client_id = models.CharField(max_length=64, blank=True)

    #: What a service may do in the REST API.
    scopes = models.JSONField(default=list, blank=True)

    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    key_end = models.CharField(max_length=4, blank=True, editable=False)
    old_key_hash = models.CharField(max_length=64, blank=True, editable=False)
    old_key_until = models.DateTimeField(null=True, editable=False)

    #: Ozeki's users: {name: password}. Empty: no log-in is asked for.
    users = EncryptedJSONField(default=dict, editable=False)
    allowed = models.TextField(
        "allowed addresses",
        blank=True,
        validators=[validate_networks],
        help_text="IP addresses or networks that may call. Empty: any.",
    )
    denied = models.TextField(
        "denied addresses",
        blank=True,
        validators=[validate_networks],
        help_text="Exceptions from the allowed ones.",
    )
    per_second = models.DecimalField(
        "requests per second", max_digits=9, decimal_places=3, null=True, blank=True
    )
    per_day = models.PositiveIntegerField(
        "messages per day", null=True, blank=True, help_text="Empty: no limit."
    )
    #: Where its events go: received messages, and what became of the sent ones.
    receiver = models.OneToOneField(
        Platform, models.SET_NULL, null=True, blank=True, related_name="door"
    )

    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.CharField(max_length=45, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DoorQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["key_hash"], condition=~Q(key_hash=""), name="door_of_key"
            ),
            models.UniqueConstraint(
                fields=["client_id"], condition=~Q(client_id=""), name="door_of_client"
            ),
            models.UniqueConstraint(
                fields=["extension"],
                condition=Q(kind="ozeki") & ~Q(extension=""),
                name="door_of_extension",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.kind in (self.YEASTAR_SMS, self.OZEKI) and not self.sender_id:
            raise ValidationError({"sender": "Choose the number that its messages leave from."})
        if self.kind == self.OZEKI and not self.extension:
            raise ValidationError({"extension": "Enter the API extension that scripts name."})
        if self.kind == self.OPENAPI:
            self._clean_open_api()
        if self.sender_id and self.kind not in (self.OPENAPI, self.REST):
            validate_sender(self.sender)

    def _clean_open_api(self) -> None:
        """It is a platform too, to which numbers may lead: by its own name."""
        if not self.client_id:
            raise ValidationError({"client_id": "Enter a client ID."})
        same = Platform.everyone.filter(name=self.name).exclude(pk=self.receiver_id)
        if same.exclude(form=self.OPENAPI, door=None).exists():
            raise ValidationError({"name": "A platform has this name already."})

    @property
    def numbers(self) -> list[Number]:
        """Its own numbers: the sender first, then those that its caller may choose."""
        more = [
            each for each in self.senders.select_related("channel") if each.pk != self.sender_id
        ]
        return [*([self.sender] if self.sender else []), *more]

    @property
    def sessions(self) -> SessionQuerySet:
        """What it may see at the Open API: the sessions of its numbers, or all."""
        numbers = [number.pk for number in self.numbers]
        return Session.objects.filter(number__in=numbers) if numbers else Session.objects.all()

    @property
    def reach(self) -> models.QuerySet[Number]:
        """The numbers that it may use at the Open API: its own, or all if it has none."""
        numbers = [number.pk for number in self.numbers]
        found = Number.objects.select_related("channel")
        return found.filter(pk__in=numbers) if numbers else found

    def uses(self, channel: Channel) -> bool:
        """Whether one of its numbers is the channel's. Without numbers of its own it has all."""
        numbers = self.numbers
        return not numbers or any(number.channel_id == channel.pk for number in numbers)

    @property
    def urls(self) -> dict[str, str]:
        """Where its caller finds it."""
        start = settings.PUBLIC_URL
        if self.kind == self.YEASTAR_SMS:
            start += "/api/v1/integration/yeastar/sms"
            return {"send": f"{start}/sendmessage", "verify": f"{start}/verify"}
        if self.kind == self.REST:
            return {"api": f"{start}/api/v1", "token": f"{start}/api/v1/oauth/token"}
        return {"api": f"{start}/{'ozeki' if self.kind == self.OZEKI else 'openapi/v1.0'}"}

    def admits(self, remote: str) -> bool:
        """Whether a caller at this IP address may use the door.

        A door of Ozeki's kind that asks for no log-in and names no address is for callers in
        private networks alone: on the internet anybody could send through it.
        """
        if contains(self.denied, remote):
            return False
        if self.allowed.strip():
            return contains(self.allowed, remote)
        return self.kind != self.OZEKI or bool(self.users) or _private(remote)

    def point(self, url: str, secret: str = "") -> Platform:
        """Let its events go to this address, "" for none; returns the receiver. Save the door."""
        named = self.kind == self.OPENAPI  # numbers may lead to it
        receiver = self.receiver or Platform(form=self.kind)
        if named and receiver.pk is None:  # a file may have named it before its door was made
            receiver = Platform.everyone.filter(name=self.name, door=None).first() or receiver
        receiver.name = self.name if named else f"Door {self.pk}: {self.name}"[:127]
        receiver.url = url
        if secret and secret != receiver.secret:
            receiver.keys = [secret]
        receiver.save()
        self.receiver = receiver
        return receiver

    def set_key(self, key: str = "") -> str:
        """Make this, or a new random one, the key; returns it. Save the door afterwards.

        It is not kept and cannot be shown again. The key before it works for another day.
        """
        key = key or secrets.token_urlsafe(32)
        if self.kind == self.REST and not self.client_id:
            self.client_id = secrets.token_hex(8)
        if self.key_hash and self.key_hash != hashed(key):
            self.old_key_hash, self.old_key_until = self.key_hash, timezone.now() + ROTATION
        self.key_hash, self.key_end = hashed(key), key[-4:]
        if self.pk and self.kind == self.OPENAPI:
            self.end_tokens()
        return key

    def end_tokens(self) -> None:
        """Who holds a token of the Open API must log in again."""
        self.tokens.all().delete()

    def revoke_old_key(self) -> None:
        """Let the key before the present one end now. Save the door afterwards."""
        self.old_key_hash, self.old_key_until = "", None

    def fits(self, key: str, now: datetime | None = None) -> bool:
        """Whether this is the door's key, or the one before it within its last day."""
        given = hashed(key)
        if self.key_hash and secrets.compare_digest(given, self.key_hash):
            return True
        until = self.old_key_until
        fresh = until is not None and (now or timezone.now()) < until
        return fresh and secrets.compare_digest(given, self.old_key_hash)

    def touch(self, remote: str) -> None:
        """Remember when and from where the door was used last."""
        now = timezone.now()
        if self.last_used_at and now - self.last_used_at < TOUCH:
            return
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH)
        Door.objects.filter(stale, pk=self.pk).update(last_used_at=now, last_used_from=remote[:45])


class Errand(models.Model):
    """A message that a door asked for: by which id its caller knows it, and where to report."""

    door = models.ForeignKey(Door, models.CASCADE, related_name="errands", db_index=False)
    message = models.OneToOneField(Message, models.CASCADE, related_name="errand")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    report_url = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["door", "created_at"], name="errand_of_door")]

    def __str__(self) -> str:
        return str(self.public_id)


def receivers_of(channel: Channel) -> dict[int, tuple[int, ...]]:
    """Who is told of what arrives at the channel: for each number, its doors' receivers."""
    told = Door.objects.filter(active=True).exclude(kind=Door.OPENAPI)
    told = told.exclude(receiver=None).exclude(receiver__url="")
    found: dict[int, list[int]] = {}
    for numbers in ("sender", "senders"):
        theirs = told.filter(**{f"{numbers}__channel": channel}).order_by("pk")
        for number, receiver in theirs.values_list(numbers, "receiver"):
            if receiver not in found.setdefault(number, []):
                found[number].append(receiver)
    return {number: tuple(receivers) for number, receivers in found.items()}
