"""Finds values in what a service writes, by paths that an administrator types.

JSON and XML alike become nested dicts and lists. A path is names and places with dots between:
``messages.0.status.code``. The outermost XML element needs no name, attributes begin with "@", and
"*" goes through all of a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from ..reading import clean, parse_json
from ._xml import read_xml

DEEPEST = 50


def tree(body: bytes) -> Any:
    """The body as nested dicts and lists; {} if it is neither JSON nor XML."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        if start[:1] == b"<":
            root = read_xml(start)
            found = _branch(root, 0)
            return found if isinstance(found, dict) else {_name(root): found}
        return parse_json(body)
    except (ValueError, RecursionError):
        return {}


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _branch(element: Element, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError("XML is too deep")
    found: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _name(child), _branch(child, depth + 1)
        if name in found:
            earlier = found[name]
            found[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            found[name] = value
    text = (element.text or "").strip()
    if not found:
        return text
    return found | ({"#text": text} if text else {})


def branches(found: Any, path: str) -> Iterator[Any]:
    """What stands at the path: nothing, one thing, or several where it has a "*"."""
    if not path:
        yield found
        return
    step, _, rest = path.partition(".")
    if isinstance(found, list):
        if step == "*":
            for each in found:
                yield from branches(each, rest)
        elif step.isdecimal():
            if len(step) < 6 and int(step) < len(found):
                yield from branches(found[int(step)], rest)
        elif found:  # a list where one thing was expected
            yield from branches(found[0], path)
    elif isinstance(found, dict) and step == "*":
        yield from branches(found, rest)  # XML with a single one of what may be several
    elif isinstance(found, dict) and step in found:
        yield from branches(found[step], rest)


def values(found: Any, path: str) -> list[str]:
    """The texts and numbers at the path, as clean text."""
    return [said for each in branches(found, path) if (said := _text(each))]


def first(found: Any, paths: str) -> str:
    """The first text at one of the paths, which have "|" between them; "" if there is none."""
    for path in paths.split("|"):
        if said := values(found, path.strip()):
            return said[0]
    return ""


def _text(value: Any) -> str:
    if isinstance(value, list) and value:
        return _text(value[0]) if not isinstance(value[0], list) else ""
    if isinstance(value, dict):
        value = value.get("#text")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return clean(value)
    return str(value) if isinstance(value, int | float) else ""
