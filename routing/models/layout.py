"""How an agent has arranged the page, and the lists they keep by name."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .rules import Extension


class Layout(models.Model):
    """A part of an agent's settings."""

    COMFORTABLE, COMPACT = "comfortable", "compact"
    DENSITIES = {COMFORTABLE: _("Comfortable"), COMPACT: _("Compact")}
    NARROWEST, WIDEST = 280, 560

    enter_sends = models.BooleanField(default=True)
    density = models.CharField(max_length=12, choices=DENSITIES, default=COMFORTABLE)
    list_width = models.PositiveSmallIntegerField(
        default=344, validators=[MinValueValidator(NARROWEST), MaxValueValidator(WIDEST)]
    )
    #: Whether the thread shows who picked up, transferred, closed.
    events = models.BooleanField(default=True)
    #: The query of the list that was looked at last.
    last_list = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def for_extension(self, extension: Extension) -> SavedViewQuerySet:
        """The agent's own, and those that colleagues share."""
        return self.filter(Q(extension=extension) | Q(shared=True))


class SavedView(models.Model):
    """A name for a query of the list. Who opens it sees what is theirs to see in it."""

    MOST = 30  # of one agent

    extension = models.ForeignKey(Extension, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=300)
    shared = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["extension", "name"], name="saved_view_once")
        ]
        indexes = [
            models.Index(fields=["name"], name="saved_view_shared", condition=Q(shared=True))
        ]

    def __str__(self) -> str:
        return self.name
