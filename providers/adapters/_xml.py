"""Reads XML answers, which come from outside: no document type, so no entities."""

from __future__ import annotations

from xml.etree import ElementTree as Tree


class _Plain(Tree.TreeBuilder):
    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called before anything that the document type declares: entities can blow up a text."""
        raise ValueError("XML with a DOCTYPE is not read.")


def read_xml(body: bytes) -> Tree.Element:
    """The root of the document. Raises ValueError if it is not XML, or declares a DOCTYPE."""
    try:
        parser = Tree.XMLParser(target=_Plain())  # noqa: S314
        return Tree.fromstring(body, parser=parser)  # noqa: S314
    except (Tree.ParseError, LookupError) as error:
        raise ValueError(f"not XML: {error}") from None


def local(tag: str) -> str:
    """The name of an element without its namespace, in lower case."""
    return tag.rpartition("}")[2].lower()


def leaves(body: bytes) -> dict[str, str]:
    """The text of every innermost element, by its ``local`` name; of a repeated one the first.

    Raises ValueError as ``read_xml`` does.
    """
    found: dict[str, str] = {}
    for each in read_xml(body).iter():
        if not len(each):
            found.setdefault(local(each.tag), (each.text or "").strip())
    return found
