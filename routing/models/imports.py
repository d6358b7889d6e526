"""Imports of customers: one row for each line of the file, so that a crash repeats nothing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .cards import Card
from .rules import Extension


class CardImport(models.Model):
    """A file of customers: read, checked, looked at by a person, then applied, all in batches."""

    file = models.FileField(upload_to="imports/%Y/%m", max_length=255, blank=True)
    name = models.CharField(max_length=255)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="card_imports"
    )
    extension = models.ForeignKey(Extension, models.SET_NULL, null=True, related_name="+")
    #: The country of numbers without a country code.
    country = models.CharField(max_length=2, blank=True)
    columns = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    checked = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    #: Why the whole file cannot be used, in a sentence.
    problem = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(null=True)  # somebody saw what would happen, and said yes
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "import of customers"
        verbose_name_plural = "imports of customers"
        indexes = [
            models.Index(fields=["id"], name="import_open", condition=models.Q(ended_at=None))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def working(self) -> bool:
        """Whether a worker has something to do here."""
        return not self.ended_at and (not self.checked_at or self.wanted_at is not None)


class ImportRow(models.Model):
    """One line of the file: what would happen to it, and what did."""

    NEW, CHANGE, SAME, REFUSED = "new", "change", "same", "refused"
    PLANS = {NEW: _("New"), CHANGE: _("Changed"), SAME: _("Unchanged"), REFUSED: _("Refused")}

    job = models.ForeignKey(CardImport, models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    #: By what the customer is known: the first number, else the e-mail address.
    key = models.CharField(max_length=255, blank=True)
    plan = models.CharField(max_length=8, choices=PLANS, blank=True)
    outcome = models.CharField(max_length=8, choices=PLANS, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    card = models.ForeignKey(Card, models.SET_NULL, null=True, related_name="import_rows")

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["job", "line"], name="import_line_once")]
        indexes = [
            models.Index(fields=["job", "plan", "line"], name="import_by_plan"),
            models.Index(fields=["job", "outcome", "line"], name="import_by_outcome"),
            models.Index(fields=["job", "key", "line"], name="import_by_key"),
        ]
