"""The language and the time zone in which an agent reads."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


@cache
def zones() -> list[str]:
    """The names of the time zones that a person would look for, "Europe/Warsaw" and the like."""
    found = {name for name in available_timezones() if name.partition("/")[0] in _REGIONS}
    return sorted(found | {"UTC"})


_REGIONS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}


def check_zone(name: str) -> None:
    """Raise ValidationError unless there is such a time zone."""
    if name not in zones():
        raise ValidationError(_("There is no such time zone."))


class Speech(models.Model):
    """A part of an agent's settings. Empty: as the browser says."""

    LANGUAGES = {"": _("As my browser"), "en-gb": "English", "de": "Deutsch", "pl": "Polski"}

    language = models.CharField(max_length=8, choices=LANGUAGES, default="", blank=True)
    time_zone = models.CharField(max_length=64, default="", blank=True, validators=[check_zone])

    class Meta:
        abstract = True
