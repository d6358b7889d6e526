"""What the pages say in the agent's language: to scripts, and of time zones."""

from __future__ import annotations

from itertools import groupby

from django import template

from ..inbox.scripted import sentences
from ..models.speech import zones

register = template.Library()
register.simple_tag(sentences, name="script_words")


@register.simple_tag
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """The time zones by region, each with the name that people read."""
    return [
        (region, [(zone, _city(zone)) for zone in found])
        for region, found in groupby(zones(), key=lambda zone: zone.partition("/")[0])
    ]


def _city(zone: str) -> str:
    return (zone.partition("/")[2] or zone).replace("_", " ").replace("/", ", ")
