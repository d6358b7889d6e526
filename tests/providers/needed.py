"""Which fixtures a provider must have, by what its adapter declares and implements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from providers import registry
from providers.base import Provider
from providers.capabilities import has

from . import played

ROOT = Path(__file__).parents[2]
ERRORS = {"Rejected", "BadCredentials", "Throttled", "Unavailable", "Uncertain"}
LONG = len(played.LONG)


def contract(slug: str) -> dict[str, Any]:
    """What the provider's own documentation makes different, from ``_contract.json``."""
    path = played.FOLDER / (registry.stands_on(slug) or slug) / "_contract.json"
    return json.loads(path.read_text()) if path.exists() else {}


def takes_long_texts(adapter: type[Provider]) -> bool:
    """Whether a text of 1,600 characters may be sent."""
    size = len(played.LONG.encode()) if adapter.text_unit == "bytes" else LONG
    return adapter.max_text is None or adapter.max_text >= size


def sending(adapter: type[Provider]) -> set[str]:
    if not has(adapter, "send"):
        return set()
    names = {"send_text"}
    if takes_long_texts(adapter):
        names |= {"send_long_unicode"}
    if adapter.media:
        names |= {"send_media"}
    if has(adapter, "templates"):
        names |= {"send_template"}
    return names


def receiving(adapter: type[Provider]) -> set[str]:
    names = set()
    if has(adapter, "parse_inbound"):
        names |= {"inbound_text", "inbound_garbage", "inbound_truncated", "inbound_charset"}
        if adapter.media:
            names |= {"inbound_media"}
        if has(adapter, "verify_webhook"):
            names |= {"inbound_bad_signature", "inbound_no_signature"}
    if adapter.collects_every is not None:
        names |= {"collect_text", "collect_nothing", "collect_garbage"}
        if adapter.media:
            names |= {"collect_media"}
    return names


def telling(adapter: type[Provider]) -> set[str]:
    if not adapter.has_reports:
        return set()
    if has(adapter, "parse_status"):
        return {"status_delivered", "status_failed", "status_words"}
    return {"poll_reports" if adapter.polls else "collect_reports"}


def asking(adapter: type[Provider]) -> set[str]:
    names = {
        name
        for name in ("challenge", "confirm", "templates", "connect", "profile", "fetch")
        if has(adapter, name)
    }
    if adapter.polls:
        names |= {"poll_reports"}
    if has(adapter, "check_credentials"):
        names |= {"check_good", "check_bad"}
    return names


def fixtures(slug: str) -> set[str]:
    """The names of the fixtures that this provider must have."""
    adapter = registry.get(slug)
    if adapter.linked:
        return set()
    if registry.stands_on(slug):  # a preset: the rest is its provider's
        return {"send_text", "inbound_text"}
    return sending(adapter) | receiving(adapter) | telling(adapter) | asking(adapter)


def errors(slug: str) -> set[str]:
    """The errors of sending that this provider's fixtures must show."""
    adapter = registry.get(slug)
    if adapter.linked or not has(adapter, "send") or registry.stands_on(slug):
        return set()
    return ERRORS - {"BadCredentials"} if adapter.virtual else ERRORS


def tests_of_link(slug: str) -> list[Path]:
    """The tests of a provider that keeps a session: no fixture can play one."""
    folder = ROOT / "tests" / "links"
    return [*folder.glob(f"{slug}/test_*.py"), *folder.glob(f"test_{slug}*.py")]
