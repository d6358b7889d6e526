"""Asks a provider whether a channel's credentials are good, and writes down the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from channels_app.models import Channel
from providers.base import Provider
from providers.errors import ProviderError, Throttled
from providers.http import Carrier, redact
from routing.models import Exchange, health

_LOGGED_TEXTS = ("url", "request", "answer", "error")


@dataclass
class Verdict:
    """What the provider said. ``blames`` is True if the channel is at fault."""

    ok: bool
    said: str
    blames: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)


def can_check(provider: type[Provider]) -> bool:
    """Whether the provider has a way to check credentials without sending."""
    return provider.check_credentials is not Provider.check_credentials


def ask(adapter: Provider, secrets: Iterable[str]) -> Verdict:
    """Check these credentials now. Touches no database; secrets are cut out of what is told."""
    secrets = list(secrets)
    calls: list[dict[str, Any]] = []
    carrier = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    try:
        carrier.run(adapter.check_credentials(), calls)
        verdict = Verdict(ok=True, said=f"{adapter.name} accepts these credentials.")
    except ProviderError as error:
        # Whoever was not asked has proved nothing; whoever was busy, neither.
        blames = bool(calls) and not isinstance(error, Throttled)
        verdict = Verdict(False, redact(error.reason, secrets), blames)
    for call in calls:
        call.update((key, redact(call[key], secrets)) for key in _LOGGED_TEXTS)
    verdict.calls = calls
    return verdict


def check_all(channels: Iterable[Channel]) -> list[tuple[Channel, Verdict]]:
    """Check saved channels, several at once, and record what came of each."""
    channels = list(channels)
    with ThreadPoolExecutor(max_workers=8) as pool:
        verdicts = list(pool.map(lambda c: ask(c.adapter, c.secret_values), channels))
    for channel, verdict in zip(channels, verdicts, strict=True):
        record(channel, verdict)
    return list(zip(channels, verdicts, strict=True))


def record(channel: Channel, verdict: Verdict, *, proves: bool = True) -> None:
    """Keep the exchange in the log; if it proves anything about the channel, turn its status."""
    Exchange.objects.create(
        channel=channel,
        kind=Exchange.CHECK,
        outcome=Exchange.OK if verdict.ok else Exchange.REFUSED,
        reason="" if verdict.ok else verdict.said[:500],
        calls=json.dumps(verdict.calls),
    )
    if not proves:
        return
    if verdict.ok:
        health.show_success(channel)
    elif verdict.blames:
        health.show_fault(channel, verdict.said)
