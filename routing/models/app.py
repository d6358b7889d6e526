"""What agents choose about the app itself, and the browsers that are told when it is closed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .rules import Extension


class Look(models.Model):
    """How the pages look."""

    SYSTEM, LIGHT, DARK = "system", "light", "dark"
    THEMES = {SYSTEM: _("As the system"), LIGHT: _("Light"), DARK: _("Dark")}

    theme = models.CharField(max_length=8, choices=THEMES, default=SYSTEM)

    class Meta:
        abstract = True


class Alerts(models.Model):
    """How an agent is told of new messages."""

    MINE, UNASSIGNED, ALL = "mine", "unassigned", "all"
    ALERTED = {
        ALL: _("All sessions"),
        MINE: _("Only those that are mine"),
        UNASSIGNED: _("Only those nobody has yet"),
    }
    TONES = {
        "chime": _("Chime"),
        "drop": _("Drop"),
        "knock": _("Knock"),
        "bell": _("Bell"),
        "": _("Silence"),
    }

    alert_for = models.CharField(max_length=16, choices=ALERTED, default=ALL)
    tone = models.CharField(max_length=8, choices=TONES, default="chime", blank=True)
    alert_always = models.BooleanField(default=False)  # while the page is looked at, too
    alert_again = models.BooleanField(default=False)  # every 30 seconds until somebody looked
    preview = models.BooleanField(default=True)  # notifications show who wrote what

    class Meta:
        abstract = True

    def wants(self, *, mine: bool) -> bool:
        """Whether the agent is to be told of what happens in such a session."""
        return self.alert_for in (self.ALL, self.MINE if mine else self.UNASSIGNED)


class Keys(models.Model):
    """The agent's shortcuts: whether there are any, and the letters that are not the usual ones."""

    shortcuts = models.BooleanField(default=True)
    letters = models.JSONField(default=dict)

    class Meta:
        abstract = True


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    def living(self) -> PushSubscriptionQuerySet:
        """Those whose login has not ended by itself since the page was last open."""
        since = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
        return self.filter(at__gt=since, extension__user__is_active=True)


class PushSubscription(models.Model):
    """A browser that may be told of new messages while the page is closed."""

    MOST = 10  # of one agent; the oldest give way

    extension = models.ForeignKey(Extension, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=128)
    auth = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    objects = PushSubscriptionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"A browser of {self.extension}"
