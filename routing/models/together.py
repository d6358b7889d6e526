"""What colleagues share: their status, why sessions were closed, who listened in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .rules import Extension, Queue
from .sessions import Session


class AgentStatus(models.Model):
    """Whether an agent wants new sessions now, and since when. Who never chose is available."""

    AVAILABLE, BUSY, AWAY = "available", "busy", "away"
    STATES = {AVAILABLE: _("Available"), BUSY: _("Busy"), AWAY: _("Away")}

    extension = models.OneToOneField(
        Extension, models.CASCADE, primary_key=True, related_name="status"
    )
    state = models.CharField(max_length=12, choices=STATES, default=AVAILABLE)
    since = models.DateTimeField(null=True, default=timezone.now)

    class Meta:
        verbose_name_plural = "agent statuses"

    def __str__(self) -> str:
        return f"{self.extension}: {self.get_state_display()}"

    @classmethod
    def of(cls, extension: Extension) -> AgentStatus:
        """The agent's status now."""
        return cls.objects.filter(pk=extension.pk).first() or cls(extension=extension, since=None)

    @classmethod
    def change(cls, extension: Extension, state: str) -> bool:
        """Set the state; returns whether it was another one before."""
        if cls.of(extension).state == state:
            return False
        wanted = {"state": state, "since": timezone.now()}
        cls.objects.update_or_create(extension=extension, defaults=wanted)
        return True


class CategoryQuerySet(models.QuerySet["Category"]):
    def for_queue(self, queue: int | None) -> CategoryQuerySet:
        """Those that may be chosen for a session of this queue: of everybody, and its own."""
        return self.filter(Q(queue=None) | Q(queue=queue))


class Category(models.Model):
    """What a session was about: chosen when it is closed."""

    name = models.CharField(max_length=63)
    queue = models.ForeignKey(
        Queue,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="categories",
        verbose_name="message queue",
        help_text="Offered in the sessions of this queue only; empty: in all.",
    )

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(queue=None), name="category_of_all_once"
            ),
            models.UniqueConstraint(fields=["name", "queue"], name="category_of_queue_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ClosingRule(models.Model):
    """What an agent is asked for before a session closes."""

    NO, MAY, MUST = "no", "may", "must"
    ASKED = {NO: "Not asked for", MAY: "Asked for, may be left out", MUST: "Must be given"}

    queue = models.OneToOneField(
        Queue,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="closing_rule",
        verbose_name="message queue",
        help_text="For the sessions of this queue; empty: for all that have no rule of their own.",
    )
    category = models.CharField(max_length=4, choices=ASKED, default=MAY)
    note = models.CharField("short note", max_length=4, choices=ASKED, default=NO)

    class Meta:
        constraints = [
            models.UniqueConstraint(Coalesce(F("queue"), 0), name="one_closing_rule_a_queue")
        ]

    def __str__(self) -> str:
        return f"Closing in {self.queue}" if self.queue else "Closing in all sessions"

    @classmethod
    def of(cls, queue: int | None) -> ClosingRule | None:
        """The rule for sessions of this queue, of its own before that of all; None: ask nothing."""
        found = cls.objects.filter(Q(queue=None) | Q(queue=queue))
        return min(found, key=lambda rule: rule.queue_id is None, default=None)

    @property
    def asks(self) -> bool:
        return self.category != self.NO or self.note != self.NO


class Closure(models.Model):
    """What was said when a session was closed. One that was opened again may have several."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="closures")
    extension = models.ForeignKey(Extension, models.SET_NULL, null=True, related_name="+")
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, related_name="closures", db_index=False
    )
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["category", "at"], name="closure_of_category")]

    def __str__(self) -> str:
        return f"{self.session} closed at {self.at}"


class Listening(models.Model):
    """A supervisor read a session that is not theirs. Nobody in the session is told."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    name = models.CharField("supervisor", max_length=150, help_text="Kept when the user goes.")
    session = models.ForeignKey(Session, models.CASCADE, related_name="listenings")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "supervisors' reading"

    def __str__(self) -> str:
        return f"{self.name} read {self.session}"
