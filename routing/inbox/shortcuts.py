"""The keyboard: what can be done by keys, and with which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import AgentSettings, Extension

Name = str | Promise


@dataclass(frozen=True)
class Command:
    """One action. ``keys`` are ways to call it: "p", "Shift+x", "g i" (one after the other).

    "Mod" is Ctrl, or Command on a Mac. Static script knows how to do it by ``slug``, or presses
    what has this slug as data-command.
    """

    slug: str
    name: Name
    keys: tuple[str, ...]

    @property
    def letter(self) -> str:
        """The single key that an agent may change; "" if there is none."""
        return self.keys[0] if len(self.keys[0]) == 1 else ""

    @property
    def written(self) -> list[list[str]]:
        """The ways to call it, each a list of keys, as people write them."""
        return [[_written(key) for key in way.replace("+", " ").split()] for way in self.keys]

    @property
    def listed(self) -> str:
        return "|".join(self.keys)


#: What is printed on keys, which differs from country to country.
PRINTED = {
    "Mod": gettext_lazy("Ctrl"),
    "Shift": gettext_lazy("Shift"),
    "Enter": gettext_lazy("Enter"),
    "Escape": "Esc",
}


def _written(key: str) -> str:
    return str(PRINTED.get(key, key.upper() if len(key) == 1 else key))


@dataclass(frozen=True)
class Group:
    name: Name
    commands: tuple[Command, ...]

    @cached_property
    def letters(self) -> list[Command]:
        """Those whose key may be changed."""
        return [command for command in self.commands if command.letter]


def _group(name: Name, *commands: tuple[str, Name, str]) -> Group:
    return Group(
        name, tuple(Command(slug, said, tuple(k.split("|"))) for slug, said, k in commands)
    )


GROUPS = (
    _group(
        gettext_lazy("Everywhere"),
        ("bar", gettext_lazy("Find an action, a session or a reply"), "Mod+k"),
        ("help", gettext_lazy("Show the shortcuts"), "?"),
        ("search", gettext_lazy("Search"), "/"),
        ("escape", gettext_lazy("Close what is on top, then back to the list"), "Escape"),
    ),
    _group(
        gettext_lazy("The list"),
        ("next", gettext_lazy("Next session"), "j|Alt+j"),
        ("previous", gettext_lazy("Previous session"), "k|Alt+k"),
        ("select", gettext_lazy("Select the session"), "x"),
        ("select-range", gettext_lazy("Select up to here"), "Shift+x"),
        ("mine", gettext_lazy("Go to Mine"), "g i"),
        ("unassigned", gettext_lazy("Go to Unassigned"), "g u"),
        ("all", gettext_lazy("Go to All"), "g a"),
        ("customers", gettext_lazy("Go to Customers"), "g c"),
    ),
    _group(
        gettext_lazy("The session"),
        ("pick-up", gettext_lazy("Pick up"), "p"),
        ("reply", gettext_lazy("Write a reply"), "r"),
        ("note", gettext_lazy("Write a note"), "n"),
        ("send", gettext_lazy("Send"), "Mod+Enter"),
        ("close", gettext_lazy("Close"), "e"),
        ("close-next", gettext_lazy("Close and open the next one"), "Mod+Alt+e"),
        ("transfer", gettext_lazy("Transfer"), "t"),
        ("snooze", gettext_lazy("Snooze"), "z"),
        ("tags", gettext_lazy("Tags"), "l"),
        ("panel", gettext_lazy("Show or hide the side panel"), "Alt+o"),
    ),
)
LETTERS = {each.slug: each.letter for group in GROUPS for each in group.letters}


def groups(extension: Extension) -> list[Group]:
    """All shortcuts, with this agent's own letters."""
    return list(_own(AgentSettings.of(extension).letters))


def _own(letters: Mapping[str, str]) -> Iterator[Group]:
    for group in GROUPS:
        commands = (
            replace(each, keys=(letters[each.slug], *each.keys[1:]))
            if each.slug in letters
            else each
            for each in group.commands
        )
        yield replace(group, commands=tuple(commands))


class NotPossible(Exception):
    """These letters cannot be shortcuts; the text says why."""


def chosen(letters: Mapping[str, str]) -> dict[str, str]:
    """Of these letters, by command, those that differ from the usual ones. Raises NotPossible."""
    wanted = {slug: letters.get(slug, usual).strip().lower() for slug, usual in LETTERS.items()}
    for slug, letter in wanted.items():
        if len(letter) != 1 or not letter.isprintable():
            raise NotPossible(_("A shortcut is one letter, digit or sign."))
        if letter == "g":
            raise NotPossible(_("G begins the shortcuts that go somewhere."))
        twin = next((x for x, other in wanted.items() if other == letter and x != slug), "")
        if twin:
            raise NotPossible(_("%(key)s cannot do two things.") % {"key": letter.upper()})
    return {slug: letter for slug, letter in wanted.items() if letter != LETTERS[slug]}
