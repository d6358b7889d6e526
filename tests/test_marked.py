"""Nothing that agents read is written past the catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    page
    for place in ("404.html", "inbox/*.html", "registration/*.html", "phone/*.html")
    for page in sorted((ROOT / "templates").glob(place))
]
#: The same in every language; and a class that a block adds.
NAMES = {"Parley", "VIP", "CSV", "reading"}

_SILENT = re.compile(
    r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{%.*?%}|{{.*?}}|{#.*?#}"
    r"|<(script|style)\b.*?</\1>|<!doctype[^>]*>",
    re.DOTALL,
)
_TAG = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_READ = re.compile(r"""\s(?:aria-label|title|placeholder|alt)=(?:"([^"]*)"|'([^']*)')""")
_WORD = re.compile(r"[A-Za-z]{3,}")
_LOUD = re.compile(r"""(?:toast|complain|again)\(\s*["'`][A-Z]|\?\s*["`][A-Z][a-z]+ [a-z]""")


def unmarked(html: str) -> Iterator[str]:
    """The words of a template that no tag translates."""
    plain = _SILENT.sub("", html)
    read = ["".join(found) for tag in _TAG.findall(plain) for found in _READ.findall(tag)]
    for text in [*_TAG.sub("\n", plain).split("\n"), *read]:
        yield from (word for word in _WORD.findall(text) if word not in NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_template_translates_all_it_says(page: Path) -> None:
    assert list(unmarked(page.read_text("utf-8"))) == []


def test_words_past_the_tags_are_found() -> None:
    assert list(unmarked('<p title="Some">{% translate "this" %} words</p>')) == ["words", "Some"]


def test_scripts_say_what_is_translated() -> None:
    for script in sorted((ROOT / "static/inbox").glob("*.js")):
        loud = [line for line in script.read_text("utf-8").splitlines() if _LOUD.search(line)]
        assert loud == [], script.name
