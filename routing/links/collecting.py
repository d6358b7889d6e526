"""Asking providers for what customers wrote, where nobody brings it."""

from __future__ import annotations

import asyncio
import json
import logging
from time import monotonic
from typing import Any

from django.utils import timezone

from channels_app.models import LinkState
from providers.base import Batch, Provider
from providers.errors import BadCredentials, ProviderError, Throttled
from providers.http import AsyncCarrier, redact
from providers.links.pacing import backoff

from ..models import Exchange, health
from .station import Station, Store

log = logging.getLogger(__name__)

LONGEST = 300.0  # seconds between two questions to a provider that keeps failing
SECONDS = 150.0  # the longest that one question may take, with all its calls


class Collector:
    """Collects for one channel. What came is stored before the provider may forget it."""

    def __init__(
        self, station: Station, adapter: Provider, store: Store, carrier: AsyncCarrier
    ) -> None:
        self._station = station
        self._adapter = adapter
        self._store = store
        self._carrier = carrier
        self._cursor = ""

    async def run(self) -> None:
        """Ask until cancelled. Whatever goes wrong is shown, and tried again."""
        failures, loaded = 0, False
        every = self._adapter.collects_every or 0.0
        while True:
            calls: list[dict[str, Any]] = []
            more, pause, began = False, every, monotonic()
            try:
                if not loaded:
                    self._cursor = await self._station.cursor()
                    loaded = True
                more = await self._once(calls)
                failures = 0
            except ProviderError as error:
                failures += 1
                await self._fail(error.reason, calls)
                pause = self._pause(error, failures, every)
            except Exception as error:
                failures += 1
                log.exception("%s: collecting failed", self._station.channel)
                await self._fail(f"What was collected could not be stored: {error}", calls)
                pause = max(every, backoff(failures, LONGEST))
            if not more:  # and never faster than every second, if there was nothing to wait for
                await asyncio.sleep(pause or max(0.0, began + 1 - monotonic()))

    async def _once(self, calls: list[dict[str, Any]]) -> bool:
        """Collect one batch: store, remember where to go on, confirm. Returns whether to go on."""
        batch = await self._carrier.run(self._adapter.collect(self._cursor), calls, SECONDS)
        await self._station.deliver(batch.events)
        if batch.cursor != self._cursor:
            await self._station.keep_cursor(batch.cursor)
            self._cursor = batch.cursor
        if batch.confirm:
            await self._carrier.run(self._adapter.confirm(batch.confirm), calls, SECONDS)
        await self._store(self._succeed, batch, calls)
        return batch.more or bool(batch.events and not self._adapter.collects_every)

    def _pause(self, error: ProviderError, failures: int, every: float) -> float:
        if isinstance(error, Throttled) and error.after is not None:
            return max(every, error.after)
        if isinstance(error, BadCredentials):
            return max(every, LONGEST)
        return max(every, backoff(failures, LONGEST))

    # the database, in its threads

    def _mine(self) -> Any:
        return LinkState.objects.filter(pk=self._station.channel.pk, holder=self._station.holder)

    def _succeed(self, batch: Batch, calls: list[dict[str, Any]]) -> None:
        self._mine().update(seen_at=timezone.now())
        if calls:  # who asked nobody has not shown that the channel works
            health.show_success(self._station.channel)
        if batch.events:
            self._log(Exchange.OK, "", calls)

    async def _fail(self, reason: str, calls: list[dict[str, Any]]) -> None:
        try:
            await self._store(self._show, reason, calls)
        except Exception:
            log.exception("%s: %s", self._station.channel, reason)

    def _show(self, reason: str, calls: list[dict[str, Any]]) -> None:
        said = redact(reason, self._station.channel.secret_values)[:500]
        mine = self._mine().update(seen_at=timezone.now())
        if mine and health.show_fault(self._station.channel, said):
            self._log(Exchange.REFUSED, said, calls)  # once, and not each time it is asked

    def _log(self, outcome: str, reason: str, calls: list[dict[str, Any]]) -> None:
        channel = self._station.channel
        Exchange.objects.create(
            channel=channel,
            kind=Exchange.POLL,
            outcome=outcome,
            reason=reason,
            calls=redact(json.dumps(calls), channel.secret_values),
        )
