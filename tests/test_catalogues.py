"""The catalogues: whole, compiled, and of the same sentences as the source."""

from __future__ import annotations

import io
import re
from collections import Counter
from gettext import GNUTranslations

import pytest

from . import catalogues

PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|<[^>]+>")


def said(compiled: bytes) -> dict[object, str]:
    """What is in it but the header, which names the version of the tool."""
    found = dict(GNUTranslations(io.BytesIO(compiled))._catalog)
    found.pop("")
    return found


LANGUAGES = sorted(catalogues.PLURALS)


def places(text: str) -> Counter[str]:
    return Counter(PLACE.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_the_sentences_of_the_source_and_no_others(language: str) -> None:
    kept = catalogues.catalogue(language)
    source = catalogues.marked()
    known = {
        (each.context, each.id if isinstance(each.id, str) else each.id[0]): (
            "" if isinstance(each.id, str) else each.id[1]
        )
        for each in kept
        if each.id
    }
    assert known == source, "run: make words"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated_with_its_places(language: str) -> None:
    for each in catalogues.catalogue(language):
        if not each.id:
            continue
        singular, forms = (
            (each.id, (each.string,))
            if isinstance(each.id, str)
            else (
                each.id[0],
                each.string,
            )
        )
        assert all(forms) and not each.fuzzy, f"not translated: {singular}"
        for form in forms:
            assert places(form) == places(singular), f"other places: {singular}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    kept = catalogues.catalogue(language)
    path = catalogues.LOCALE / language / "LC_MESSAGES" / "django.mo"
    assert said(path.read_bytes()) == said(catalogues.compiled(kept)), "run: make words"
