"""Reads YAML into entries that know their line and key. Nothing but plain values is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from .mistakes import Mistakes, suggestion

MAX_CHARS = 5_000_000
_COLLECTIONS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the file: ``value`` is a scalar, a list of entries or a dict of entries.

    ``raw`` is a scalar as it was written, so that +41791234510 keeps its plus without quotes.
    """

    value: Any
    line: int
    path: str
    raw: str = ""

    @property
    def kind(self) -> str:
        """What a person calls this kind of value."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "yes or no"
            case dict():
                return "a group of keys"
            case list():
                return "a list"
            case int() | float():
                return "a number"
            case str():
                return "text"
        return "a date"

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def __getitem__(self, key: str) -> Entry:
        found: Entry = self.value[key]
        return found

    def or_self(self, key: str) -> Entry:
        """The entry of this key, or this one: the place where a mistake is told."""
        return self[key] if isinstance(self.value, dict) and key in self else self


class _Loader(yaml.SafeLoader):
    """Refuses aliases, with which a small file can stand for a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(
                problem="aliases (*name) are not used here", problem_mark=mark
            )
        return super().compose_node(parent, index)


def read(text: str, mistakes: Mistakes) -> Entry | None:
    """The file's root entry; None, with the mistake told, if it is not YAML of our kind."""
    if len(text) > MAX_CHARS:
        mistakes.add(1, "", "the file is too long to be a configuration.")
        return None
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            entry = _entry(loader, node, "", mistakes) if node else None
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mistakes.add(line, "", f"this character is not allowed in YAML: {error.character!r}.")
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        mistakes.add(line, "", f"this is not valid YAML: {error.problem or error.context}.")
        return None
    except RecursionError:
        mistakes.add(1, "", "the file is nested too deeply.")
        return None
    if entry is None:
        mistakes.add(1, "", "the file is empty.")
    elif not isinstance(entry.value, dict):
        mistakes.add(entry.line, "", f"the file must be a group of keys, not {entry.kind}.")
        return None
    return entry


def _entry(loader: _Loader, node: yaml.Node, path: str, mistakes: Mistakes) -> Entry:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
        mistakes.add(line, path, f"this is not valid YAML: the tag {node.tag!r} is not used here.")
    if isinstance(node, yaml.SequenceNode):
        items = [
            _entry(loader, each, f"{path}[{index}]", mistakes)
            for index, each in enumerate(node.value)
        ]
        return Entry(items, line, path)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            inner = f"{path}.{key}" if path else key
            if not isinstance(key_node, yaml.ScalarNode):
                mistakes.add(key_node.start_mark.line + 1, path, "a key must be a plain word.")
            elif key in found:
                mistakes.add(
                    key_node.start_mark.line + 1,
                    inner,
                    f"is given twice; the first time on line {found[key].line}.",
                )
            else:
                entry = _entry(loader, value_node, inner, mistakes)
                # The key's line: a block's value begins on the next one.
                found[key] = Entry(entry.value, key_node.start_mark.line + 1, inner, entry.raw)
        return Entry(found, line, path)
    try:
        value = loader.construct_object(node)  # type: ignore[no-untyped-call]
    except ValueError as error:  # 2026-02-31 looks like a date
        mistakes.add(line, path, f"cannot be read: {error}.")
        value = node.value
    return Entry(value, line, path, node.value)


def keys(entry: Entry, known: tuple[str, ...], mistakes: Mistakes) -> bool:
    """Whether the entry is a group of keys; tells of every key that is not among the known."""
    if not isinstance(entry.value, dict):
        mistakes.at(entry, f"must be a group of keys, not {entry.kind}.")
        return False
    for name, inner in entry.value.items():
        if name not in known:
            mistakes.at(inner, f"there is no such key{suggestion(name, known)}.")
    return True


def items(entry: Entry | None, mistakes: Mistakes) -> list[Entry]:
    """The entries of a list; none, with the mistake told, if it is not one."""
    if entry is None or entry.value is None:
        return []
    if isinstance(entry.value, list):
        return entry.value
    mistakes.at(entry, f"must be a list, not {entry.kind}.")
    return []
