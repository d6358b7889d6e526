"""Lists the providers: ``adapters/`` and ``presets/``, where a file's name is the slug.

An adapter's class is called ``Adapter``; a preset is data that stands on an adapter.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from . import adapters
from .base import Provider
from .presets import made, presets


@cache
def slugs() -> tuple[str, ...]:
    """All slugs, sorted. A leading underscore hides a module that adapters share."""
    found = (m.name for m in pkgutil.iter_modules(adapters.__path__))
    return tuple(sorted({*(name for name in found if not name.startswith("_")), *presets()}))


@cache
def get(slug: str) -> type[Provider]:
    """The provider's class. Raises KeyError if there is none of this slug."""
    if slug not in slugs():
        raise KeyError(slug)
    if parent := stands_on(slug):
        return made(slug, get(parent))
    adapter: type[Provider] = import_module(f"{adapters.__name__}.{slug}").Adapter
    return adapter


def stands_on(slug: str) -> str:
    """The slug of the provider that a preset stands on; "" for an adapter."""
    found: str = presets()[slug]["provider"] if slug in presets() else ""
    return found


def choices() -> list[tuple[str, str]]:
    """(slug, name) pairs for a form, by name."""
    return sorted(((slug, get(slug).name) for slug in slugs()), key=lambda pair: pair[1].lower())
