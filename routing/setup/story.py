"""What the steps of one application share: mistakes, changes, and who is known by name."""

from __future__ import annotations

from typing import TypeVar

from ..models import Extension, Platform, Queue
from .mistakes import Mistakes, suggestion
from .reading import Entry, items
from .values import Change, text

T = TypeVar("T", Extension, Queue, Platform)
KEY = {Extension: "number", Queue: "name", Platform: "name"}
WORD = {Extension: "extension", Queue: "queue", Platform: "platform"}


class Story:
    """One application of one file."""

    def __init__(self) -> None:
        self.mistakes = Mistakes()
        self.changes: list[Change] = []
        self._named: dict[tuple[str, str], int] = {}

    def did(self, change: Change) -> None:
        """Keep a change, if it is one."""
        if change.fields or change.action == "created":
            self.changes.append(change)

    def missing(self, entry: Entry, key: str, why: str) -> None:
        path = f"{entry.path}.{key}"
        self.mistakes.add(entry.line, path, f"is missing; {why}.")

    def name(self, entry: Entry, key: str, kind: str) -> str | None:
        """The natural key of an object of the file; a mistake if it is missing or named twice."""
        if key not in entry:
            self.missing(entry, key, f"it says which {kind} is meant")
            return None
        name = text(entry[key], self.mistakes)
        if name is None:
            return None
        if first := self._named.get((kind, name)):
            self.mistakes.at(
                entry[key], f"the {kind} {name!r} is given twice; the first time on line {first}."
            )
            return None
        self._named[kind, name] = entry[key].line
        return name

    def once(self, entry: Entry, what: str) -> None:
        """Tell a mistake unless this is the first of its kind in the file."""
        first = self._named.setdefault((what, ""), entry.line)
        if first != entry.line:
            self.mistakes.at(entry, f"there can be one {what} only; line {first} has it already.")

    def find(self, model: type[T], entry: Entry) -> T | None:
        """The object of this name; a mistake if there is none, in the file or beside it."""
        name = text(entry, self.mistakes)
        if name is None:
            return None
        found = model.objects.filter(**{KEY[model]: name}).first()
        # One that the file names has its own mistake, if it is not there.
        if found is None and (WORD[model], name) not in self._named:
            known = model.objects.values_list(KEY[model], flat=True)
            self.mistakes.at(entry, f"there is no {WORD[model]} {name!r}{suggestion(name, known)}")
        return found

    def extensions(self, entry: Entry) -> list[Extension]:
        """The extensions of a list of numbers, each once."""
        found = (self.find(Extension, each) for each in items(entry, self.mistakes))
        return list(dict.fromkeys(each for each in found if each))
