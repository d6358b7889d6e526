"""Giving the selected sessions a tag: the dialog, and the button in it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..desk import tagging
from ..models import Extension, Tag
from .access import AgentRequest, agent
from .pages import desk_page


@require_safe
@agent
def dialog(request: AgentRequest) -> HttpResponse:
    """The tags that the selected sessions can be given."""
    context = {"tags": Tag.objects.all()}
    if request.htmx:
        return render(request, "inbox/_tag_many.html", context)
    return desk_page(request, "inbox/_tag_many.html", context)


def give(extension: Extension, chosen: list[int], key: str) -> tuple[Tag, list[int]] | None:
    """Give the tag of this key; returns it and which sessions got it, None if there is none."""
    tag = Tag.objects.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    return (tag, tagging.tag_many(extension, chosen, tag)) if tag else None


def take_back(extension: Extension, pks: list[int], key: int) -> list[int]:
    """Take the tag from these again; returns from which."""
    tag = Tag.objects.filter(pk=key).first()
    return tagging.untag_many(extension, pks, tag) if tag else []
