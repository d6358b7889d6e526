"""What the pages of the app need to know of the agent, and of the app's own files."""

from __future__ import annotations

from django import template

from ..inbox import modules, shortcuts
from ..inbox.shortcuts import Group
from ..models import Extension

register = template.Library()


@register.simple_tag
def shortcut_groups(extension: Extension) -> list[Group]:
    """The agent's shortcuts."""
    return shortcuts.groups(extension)


@register.simple_tag
def inbox_modules() -> tuple[str, ...]:
    """The script modules of the inbox, to be loaded at once and not one after the other."""
    return modules.imported_by("inbox/inbox.js")
