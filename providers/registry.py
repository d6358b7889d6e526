"""Lists ``adapters/``: the file's name is the provider's slug, its class is ``Adapter``."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from . import adapters
from .base import Provider


@cache
def slugs() -> tuple[str, ...]:
    """All slugs, sorted. A leading underscore hides a module that adapters share."""
    found = (m.name for m in pkgutil.iter_modules(adapters.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def get(slug: str) -> type[Provider]:
    """The provider's class. Raises KeyError if there is none of this slug."""
    if slug not in slugs():
        raise KeyError(slug)
    adapter: type[Provider] = import_module(f"{adapters.__name__}.{slug}").Adapter
    return adapter


def choices() -> list[tuple[str, str]]:
    """(slug, name) pairs for a form, by name."""
    return sorted(((slug, get(slug).name) for slug in slugs()), key=lambda pair: pair[1].lower())
