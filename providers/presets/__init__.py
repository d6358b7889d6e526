"""Presets: providers that are another one with different words, each a TOML file here.

``<slug>.toml`` holds the ``name``, the ``provider`` it stands on, and whatever else differs:
``default_api_address``, ``setup`` and other attributes of the class, ``[initial]`` values of
credentials for a new channel, and ``[fixed]`` ones that the form then no longer asks for.
"""

from __future__ import annotations

import copy
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django import forms

from ..base import Provider

_FOLDER = Path(__file__).parent
_OWN = {"provider", "initial", "fixed"}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """What each file says, by its slug."""
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.toml"))}


def made(slug: str, parent: type[Provider]) -> type[Provider]:
    """The class of a preset. Raises ValueError if it sets what its provider does not have."""
    told = presets()[slug]
    given = {name: value for name, value in told.items() if name not in _OWN}
    if unknown := [name for name in given if not hasattr(parent, name)]:
        raise ValueError(f"presets/{slug}.toml sets what {parent.name} lacks: {unknown}")
    form = _form(slug, parent, told.get("initial", {}), told.get("fixed", {}))
    doc = f"{told['name']}: {parent.name} with its own words."
    attributes = {"__doc__": doc, "__module__": __name__, **given, "Credentials": form}
    return type("Adapter", (parent,), attributes)


def _form(
    slug: str, parent: type[Provider], initial: dict[str, Any], fixed: dict[str, Any]
) -> type[forms.Form]:
    fields: dict[str, Any] = {}
    for name, value in {**initial, **fixed}.items():
        field = copy.deepcopy(parent.Credentials.base_fields.get(name))
        if field is None:
            raise ValueError(f"presets/{slug}.toml names no credential of {parent.name}: {name}")
        field.initial = value
        field.disabled = name in fixed  # such a field keeps its value, whatever is posted
        fields[name] = field
    return type("Credentials", (parent.Credentials,), fields)
