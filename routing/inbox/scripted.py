"""The sentences of the page's scripts: marked there by ``say`` and ``counted`` of words.js."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from django.utils.translation import gettext, ngettext

#: A number of each form that a language may have, under the name that browsers give the form.
FORMS = {"one": 1, "few": 3, "many": 5, "other": 100}

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_SAID = re.compile(rf"\bsay\(\s*{_TEXT}")
_COUNTED = re.compile(rf"\bcounted\(\s*{_TEXT},\s*{_TEXT}")


def sentences() -> dict[str, str | dict[str, str]]:
    """Those that are not English in the language of now, by the English ones."""
    said, counted = marked()
    found: dict[str, str | dict[str, str]] = {}
    for text in said:
        if (words := gettext(text)) != text:
            found[text] = words
    for one, many in counted:
        if ngettext(one, many, 2) != many:
            found[one] = {name: ngettext(one, many, count) for name, count in FORMS.items()}
    return found


def marked() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """What the scripts say, and what they say of a number, for one and for many."""
    return _marked() if not settings.DEBUG else _marked.__wrapped__()


@cache
def _marked() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    scripts = sorted((settings.BASE_DIR / "static" / "inbox").glob("*.js"))
    source = "\n".join(script.read_text("utf-8") for script in scripts)
    return frozenset(_SAID.findall(source)), frozenset(_COUNTED.findall(source))
