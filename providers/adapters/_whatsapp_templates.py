"""WhatsApp's templates: what can be filled in, how the text reads, and how it is sent.

A template has components. Each may hold variables of its own, which are numbered anew or named:
those of the header and of buttons are called ``header_1`` and ``button_1`` here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base import Template
from ..reading import clean, field_of

_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
FILES = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
#: Buttons that need nothing from us, and those whose address may end in a variable.
PLAIN, ADDRESS = ("QUICK_REPLY", "PHONE_NUMBER", "VOICE_CALL"), "URL"


@dataclass(frozen=True, slots=True)
class Slot:
    """One variable: where it is (a button by its place), its name there, and its name here."""

    place: str
    name: str
    shown: str
    button: int = -1
    file: str = ""

    def parameter(self, value: str) -> dict[str, Any]:
        if self.file:
            return {"type": self.file, self.file: {"link": value}}
        named = {} if self.name.isdigit() or self.button >= 0 else {"parameter_name": self.name}
        return {"type": "text", **named, "text": value}


def read(found: Mapping[str, Any]) -> Template:
    """A template as the account lists it."""
    parts = _parts(found)
    slots, texts, odd = list(_slots(parts)), list(_texts(parts)), _odd(parts)
    status = field_of(found, "status")
    return Template(
        field_of(found, "name"),
        field_of(found, "language"),
        "\n\n".join(filter(None, texts)),
        tuple(dict.fromkeys(slot.shown for slot in slots)),
        field_of(found, "category"),
        f"{status}, but Parley cannot fill in its {odd}" if odd else status,
        status == "APPROVED" and not odd,
        parts,
    )


def filled(template: Template, values: Sequence[str]) -> dict[str, Any]:
    """The template with its values, as it is sent."""
    given = dict(zip(template.variables, values, strict=False))
    components: dict[tuple[str, int], dict[str, Any]] = {}
    for slot in _slots(template.parts if isinstance(template.parts, list) else []):
        made = components.setdefault((slot.place, slot.button), {"type": slot.place})
        if slot.button >= 0:
            made |= {"sub_type": "url", "index": str(slot.button)}
        made.setdefault("parameters", []).append(slot.parameter(given.get(slot.shown, "")))
    named = {"name": template.name, "language": {"code": template.language}}
    return {**named, "components": list(components.values())} if components else named


def _parts(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = found.get("components")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _slots(parts: Sequence[Mapping[str, Any]]) -> Iterator[Slot]:
    for part in parts:
        place = field_of(part, "type").lower()
        kind = field_of(part, "format")
        if place == "header" and kind in FILES:
            yield Slot("header", "", f"header_{FILES[kind]}", file=FILES[kind])
        elif place in ("header", "body"):
            prefix = "header_" if place == "header" else ""
            for name in dict.fromkeys(_VARIABLE.findall(field_of(part, "text"))):
                yield Slot(place, name, prefix + name)
        elif place == "buttons":
            for at, button in enumerate(_buttons(part)):
                if field_of(button, "type") == ADDRESS and _VARIABLE.search(
                    field_of(button, "url")
                ):
                    yield Slot("button", "1", f"button_{at + 1}", at)


def _texts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        place, text = field_of(part, "type").lower(), field_of(part, "text")
        if place == "header":
            kind = FILES.get(field_of(part, "format"))
            yield f"{{{{header_{kind}}}}}" if kind else _VARIABLE.sub(r"{{header_\1}}", text)
        elif place == "buttons":
            yield "\n".join(_button(at, each) for at, each in enumerate(_buttons(part)))
        else:
            yield text


def _button(at: int, found: Mapping[str, Any]) -> str:
    address = _VARIABLE.sub(f"{{{{button_{at + 1}}}}}", field_of(found, "url"))
    return f"[{field_of(found, 'text')}] {address}".strip()


def _buttons(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = part.get("buttons")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _odd(parts: Sequence[Mapping[str, Any]]) -> str:
    """What this template has that nobody could fill in; "" if there is nothing."""
    for part in parts:
        place, kind = field_of(part, "type"), field_of(part, "format")
        if place not in ("HEADER", "BODY", "FOOTER", "BUTTONS"):
            return clean(place.lower()) or "unknown part"
        if place == "HEADER" and kind not in ("", "TEXT", *FILES):
            return f"{kind.lower()} header"
        for button in _buttons(part):
            if field_of(button, "type") not in (*PLAIN, ADDRESS):
                return f"{field_of(button, 'type').lower()} button"
    return ""
