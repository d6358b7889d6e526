"""Where inbound messages go: extensions, queues, platforms, and each number's rule."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import Q

from channels_app.fields import EncryptedJSONField
from channels_app.models import Number


class Extension(models.Model):
    """An agent: a person with a number inside the house."""

    number = models.CharField(
        max_length=16, unique=True, validators=[RegexValidator(r"^[0-9]{1,16}$", "Digits only.")]
    )
    name = models.CharField(max_length=127)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, help_text="The login of this agent."
    )

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Queue(models.Model):
    """A message queue: agents who share what arrives."""

    MANUAL, AUTO, NONE = "manual", "auto", "none"
    PICKUPS = {
        MANUAL: "Manual: all members see and may answer until one picks up",
        AUTO: "Auto: the first to answer has picked up",
        NONE: "None: all members see and answer for the life of the session",
    }

    name = models.CharField(max_length=127, unique=True)
    pickup = models.CharField("pick-up mode", max_length=8, choices=PICKUPS, default=MANUAL)
    members = models.ManyToManyField(Extension, related_name="queues", blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "message queue"

    def __str__(self) -> str:
        return self.name


def new_platform_secret() -> list[str]:
    return [secrets.token_hex(16)]


class PlatformManager(models.Manager["Platform"]):
    """The platforms that people choose: those set up as such, and the systems at the Open API.

    Other doors' receivers are none.
    """

    def get_queryset(self) -> models.QuerySet[Platform]:
        return super().get_queryset().filter(form__in=(Platform.PLATFORM, Platform.OPENAPI))


class Platform(models.Model):
    """A third-party message analytics platform, reached by signed events; or a door's receiver."""

    name = models.CharField(max_length=127, unique=True)
    url = models.CharField(
        "address",
        max_length=500,
        validators=[URLValidator(["http", "https"])],
        help_text="New messages are posted here as event 30031.",
    )
    #: In whose words it is told: "platform" is event 30031; others are for the doors' receivers.
    PLATFORM, OPENAPI = "platform", "openapi"
    form = models.CharField(max_length=16, default=PLATFORM, editable=False)
    # A list, so that a second key can be valid while the first is being replaced.
    keys = EncryptedJSONField(default=new_platform_secret, editable=False)

    objects = PlatformManager()
    everyone = models.Manager["Platform"]()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secret(self) -> str:
        """The key with which events are signed: 32 characters, made by us."""
        return self.keys[0]


class Rule(models.Model):
    """What happens to a number's inbound messages, and who may start sessions from it."""

    number = models.OneToOneField(Number, models.CASCADE, primary_key=True, related_name="rule")
    extension = models.ForeignKey(Extension, models.PROTECT, null=True, blank=True)
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True)
    platform = models.ForeignKey(Platform, models.PROTECT, null=True, blank=True)
    may_start = models.ManyToManyField(
        Extension,
        related_name="start_rules",
        blank=True,
        verbose_name="extensions allowed to create messaging sessions",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rule_has_exactly_one_destination",
                condition=Q(extension__isnull=False, queue=None, platform=None)
                | Q(extension=None, queue__isnull=False, platform=None)
                | Q(extension=None, queue=None, platform__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} → {self.destination}"

    @property
    def destination(self) -> Extension | Queue | Platform | None:
        return self.extension or self.queue or self.platform

    def clean(self) -> None:
        if sum(bool(x) for x in (self.extension_id, self.queue_id, self.platform_id)) != 1:
            raise ValidationError("Choose one destination: an extension, a queue or a platform.")
