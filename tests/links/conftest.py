"""The providers that only these tests have, in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers import adapters, registry


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """ "scripted" and "collected" exist for as long as one test runs."""
    own = str(Path(__file__).parent / "adapters")
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, own])
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for cache in (registry.slugs, registry.get):
        cache.cache_clear()
