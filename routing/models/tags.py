"""Tags: short coloured words for sessions and for customers."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .rules import Extension
from .sessions import Session


class Tag(models.Model):
    """One word that sessions and customers can be marked with."""

    #: Names of tones in static/inbox/customers.css, readable in both themes.
    COLOURS = {
        "grey": _("Grey"),
        "red": _("Red"),
        "orange": _("Orange"),
        "green": _("Green"),
        "teal": _("Teal"),
        "blue": _("Blue"),
        "violet": _("Violet"),
        "pink": _("Pink"),
    }

    name = models.CharField(max_length=32)
    colour = models.CharField(max_length=8, choices=COLOURS, default="grey")
    sessions = models.ManyToManyField(Session, through="SessionTag", related_name="tags")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_once")]

    def __str__(self) -> str:
        return self.name


class SessionTag(models.Model):
    """A session has a tag: who gave it, and when."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="taggings", db_index=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings")
    by = models.ForeignKey(Extension, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "tag"], name="tagged_once")]
