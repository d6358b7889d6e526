"""The catalogues of what agents read: gathers the sentences from the source, and compiles.

``make words`` adds what is new in the source to routing/locale/*/LC_MESSAGES/django.po, drops what
went, and writes the .mo files, which are kept beside them so that running Parley needs no gettext.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "routing" / "locale"
#: How a language tells its forms of a number apart.
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
}
HEADER = r"""msgid ""
msgstr ""
"Language: {0}\n"
"Plural-Forms: {1}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""
#: What only administrators and other systems read is English everywhere.
ELSEWHERE = ("admin", "campaigns", "doors", "management", "migrations", "setup")

#: The functions that mark a sentence, and which of their arguments are context, singular, plural.
MARKS = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
MADE = datetime(2026, 1, 1, tzinfo=UTC)  # in the files; else each run would change them
Key = tuple[str | None, str]  # context and msgid

_LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*((?:{_LITERAL}\s*,?\s*)+)")


def marked() -> dict[Key, str]:
    """Every sentence of the source: its key, and its plural or ""."""
    found: dict[Key, str] = {}
    for path in sorted((ROOT / "routing").rglob("*.py")):
        if path.relative_to(ROOT / "routing").parts[0] not in ELSEWHERE:
            found |= dict(_in_python(path.read_text("utf-8")))
    found |= {(None, one): many for one, many in _in_scripts()}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if path.relative_to(ROOT / "templates").parts[0] not in ("admin", "rest"):
            found |= dict(_in_template(path))
    return found


def _in_python(source: str) -> Iterator[tuple[Key, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = [each.value if isinstance(each, ast.Constant) else None for each in node.args]
            yield from _sentence(node.func.id, given)


def _in_scripts() -> Iterator[tuple[str, str]]:
    from routing.inbox import scripted

    said, counted = scripted.marked()
    yield from ((text, "") for text in said)
    yield from counted


def _in_template(path: Path) -> Iterator[tuple[Key, str]]:
    from django.utils.translation.template import templatize

    for name, given in _CALL.findall(templatize(path.read_text("utf-8"), origin=str(path))):
        yield from _sentence(name, [ast.literal_eval(each) for each in re.findall(_LITERAL, given)])


def _sentence(name: str, given: list[object]) -> Iterator[tuple[Key, str]]:
    name = "gettext" if name == "_" else name.removesuffix("_lazy").removesuffix("_noop")
    if name not in MARKS:
        return
    context, one, many = (
        given[at] if at is not None and at < len(given) else None for at in MARKS[name]
    )
    if isinstance(one, str):
        yield (str(context) if context else None, one), str(many or "")


def catalogue(language: str) -> Catalog:
    """A language's sentences as they are kept."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(kept: Catalog) -> bytes:
    """The catalogue as Python reads it."""
    kept.creation_date = kept.revision_date = MADE
    written = io.BytesIO()
    write_mo(written, kept)
    return written.getvalue()


def gather(language: str) -> Catalog:
    """The language's catalogue with the sentences of the source and no others."""
    kept = catalogue(language)
    fresh = Catalog(locale=language, project="Parley", charset="utf-8", fuzzy=False)
    for (context, one), many in sorted(marked().items(), key=lambda each: (each[0][1], str(each))):
        before = kept.get(one, context)
        forms = before.string if before and bool(before.pluralizable) == bool(many) else ""
        fresh.add((one, many) if many else one, forms, context=context)
    return fresh


def write(language: str, fresh: Catalog) -> None:
    """Keep the catalogue, and what it is compiled to."""
    folder = LOCALE / language / "LC_MESSAGES"
    written = io.BytesIO()
    write_po(written, fresh, width=100, omit_header=True)
    path = folder / "django.po"
    path.write_text(HEADER.format(language, PLURALS[language]) + written.getvalue().decode())
    (folder / "django.mo").write_bytes(compiled(catalogue(language)))


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True, BASE_DIR=ROOT, DEBUG=False)
    django.setup()
    for each in PLURALS:
        write(each, gather(each))
