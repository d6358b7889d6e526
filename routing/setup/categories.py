"""What sessions are about: the categories that agents choose when they close one."""

from __future__ import annotations

from ..models import Category
from .reading import Entry, items
from .story import Story
from .values import Change, text

LONGEST = 63


def categories(entry: Entry | None, story: Story) -> None:
    """Create those of the list that are missing, for the sessions of all queues."""
    known = set(Category.objects.filter(queue=None).values_list("name", flat=True))
    for each in items(entry, story.mistakes):
        name = text(each, story.mistakes)
        if name is None:
            continue
        if len(name) > LONGEST:
            story.mistakes.at(each, f"is too long: at most {LONGEST} characters.")
            continue
        if name not in known:
            Category.objects.create(name=name)
            known.add(name)
            story.did(Change("category", name, "created"))
