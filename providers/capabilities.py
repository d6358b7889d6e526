"""What each provider can do, as its adapter declares it: for programs, terminals and the docs."""

from __future__ import annotations

from typing import Any

from . import registry
from .base import MediaRules, Provider

PAGE = """# Providers

{count} providers. Each links to its page, which begins in the provider's own portal. This table is
written by `manage.py providers --write`; `manage.py providers --json` tells programs more.

{table}
*Files* are the largest that may be sent. *Longest text* is given where a longer one would be cut or
is refused. *Checked* tells whether Parley can try the credentials without sending, and *signed*
whether requests to the webhook carry a signature that Parley checks; the long random part of the
address is always checked.
"""


def has(adapter: type[Provider], method: str) -> bool:
    """Whether the adapter has its own version of this method."""
    return getattr(adapter, method) is not getattr(Provider, method)


def capabilities(slug: str) -> dict[str, Any]:
    """What the provider of this slug can do. Raises KeyError if there is none."""
    adapter = registry.get(slug)
    return {
        "slug": slug,
        "name": adapter.name,
        "preset_of": registry.stands_on(slug) or None,
        "network": adapter.network,
        "session": adapter.linked,
        "virtual": adapter.virtual,
        "sends": adapter.linked or has(adapter, "send"),
        "receives": _receives(adapter),
        "reports": _reports(adapter),
        "media": _media(adapter.media),
        "max_text": adapter.max_text,
        "text_unit": adapter.text_unit,
        "templates": has(adapter, "templates"),
        "window_hours": adapter.window_hours,
        "starts": adapter.starts,
        "alphanumeric_sender": adapter.alphanumeric_sender,
        "recipient_interval": adapter.recipient_interval,
        "checks_credentials": has(adapter, "check_credentials"),
        "signed_webhooks": has(adapter, "verify_webhook"),
        "registers_webhook": has(adapter, "connect"),
        "default_rate": adapter.default_rate,
        "default_in_flight": adapter.default_in_flight,
    }


def every() -> list[dict[str, Any]]:
    """The capabilities of all providers, by slug."""
    return [capabilities(slug) for slug in registry.slugs()]


def _receives(adapter: type[Provider]) -> list[str]:
    ways = {
        "webhook": has(adapter, "parse_inbound"),
        "collecting": adapter.collects_every is not None,
        "session": adapter.linked,
    }
    return [way for way, open_ in ways.items() if open_]


def _reports(adapter: type[Provider]) -> list[str]:
    ways = {
        "webhook": adapter.has_reports and has(adapter, "parse_status"),
        "polling": adapter.polls,
        "session": adapter.linked and adapter.has_reports,
    }
    if adapter.has_reports and adapter.collects_every is not None and not any(ways.values()):
        return ["collecting"]
    return [way for way, open_ in ways.items() if open_]


def _media(rules: MediaRules | None) -> dict[str, Any] | None:
    if rules is None:
        return None
    return {
        "max_bytes": rules.max_bytes,
        "max_files": rules.max_files,
        "types": list(rules.types),
        "sizes": dict(rules.sizes),
        "keep_hours": rules.keep_hours,
        "max_text": rules.max_text,
    }


# for people


def megabytes(count: int) -> str:
    """A size in bytes as it is said."""
    return f"{count / 1e6:.3g} MB"


HEADINGS = ("Slug", "Provider", "Sends", "Receives", "Files", "Reports", "Longest text", "Also")


def rows() -> list[tuple[str, ...]]:
    """A row for each provider, under HEADINGS."""
    return [_row(found) for found in every()]


def page() -> str:
    """The page ``docs/providers.md``."""
    lines = [HEADINGS, ("---",) * len(HEADINGS)]
    lines += [(f"[{slug}](providers/{slug}.md)", *rest) for slug, *rest in rows()]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return PAGE.format(count=len(lines) - 2, table=table)


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    media, unit = found["media"], found["text_unit"]
    size = megabytes(media["max_bytes"]) if media else "no"
    count = f", {media['max_files']} at once" if media and media["max_files"] > 1 else ""
    most = f"{found['max_text']:,} {unit}" if found["max_text"] else ""
    also = {
        f"preset of {found['preset_of']}": found["preset_of"],
        "templates": found["templates"],
        f"{found['window_hours'] or 0:g}-hour window": found["window_hours"],
        "the customer writes first": not found["starts"],
        "sender names": found["alphanumeric_sender"],
        "checked": found["checks_credentials"],
        "signed": found["signed_webhooks"],
        "registers its webhook": found["registers_webhook"],
    }
    return (
        found["slug"],
        found["name"],
        "yes" if found["sends"] else "no",
        ", ".join(found["receives"]) or "no",
        size + count,
        ", ".join(found["reports"]) or "no",
        most,
        ", ".join(said for said, holds in also.items() if holds),
    )
