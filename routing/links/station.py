"""The desk, as a channel's session sees it: where events, the session's state and its log go."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone

from channels_app.models import Channel, LinkState
from providers.base import Event
from providers.http import LOGGED_CHARS, redact
from providers.links.base import Earlier

from .. import intake
from ..models import Exchange, bulk, health
from . import lookup

log = logging.getLogger(__name__)
R = TypeVar("R")

GATHER = 1.0  # seconds in which lines for the log are gathered
MOST = 500  # lines written in that time; a session that says more than this is not kept whole


class Store:
    """The database, for an event loop: a few threads, each with a connection of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(3, "links")

    async def __call__(self, function: Callable[..., R], *args: Any) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, bulk.mended, function, *args)


class Station:
    """``providers.links.base.Station`` for one channel, which ``holder`` holds."""

    def __init__(self, channel: Channel, holder: str, store: Store) -> None:
        self.channel = channel
        self.allow_private: bool = settings.ALLOW_PRIVATE_ADDRESSES
        self.holder = holder
        #: Why the session takes no messages now; "" while it stands.
        self.shut = "The connection is not up yet."
        #: Called when the session stands.
        self.on_connected: Callable[[], None] = lambda: None
        self._store = store
        self._secrets = channel.secret_values
        self._lines: list[Exchange] = []
        self._writing: asyncio.Task[None] | None = None

    async def deliver(self, events: Sequence[Event]) -> None:
        """Store what came; returns after the commit, or raises."""
        if not events:
            return
        channel = self.channel
        door = await self._store(intake.door_of, channel.provider, channel.webhook_token)
        if door is None:
            raise LookupError(f"{channel} is gone.")
        found = intake.brought(door, events)
        if found.has_rest:
            await self._store(found.store_rest)
        if found.letters:
            await intake.the_committer().store(found.letters)

    async def connected(self, details: Mapping[str, Any] | None = None) -> None:
        self.shut = ""
        await self._store(self._show, dict(details or {}), "")
        self.on_connected()

    async def disconnected(self, reason: str, *, fault: bool = True) -> None:
        said = redact(reason, self._secrets)[:500]
        self.shut = said or "The connection is down."
        await self._store(self._show, None, said if fault else None)

    def _show(self, details: dict[str, Any] | None, fault: str | None) -> None:
        """``details`` None: keep them; ``fault`` "": green, None: neither green nor red."""
        changes: dict[str, Any] = {"seen_at": timezone.now()}
        if details is not None:
            changes["details"] = details
        if not LinkState.objects.filter(pk=self.channel.pk, holder=self.holder).update(**changes):
            return  # it is another's by now
        if fault:
            health.show_fault(self.channel, fault)
        elif fault == "":
            health.show_success(self.channel)

    async def cursor(self) -> str:
        return await self._store(lookup.cursor, self.channel)

    async def keep_cursor(self, cursor: str) -> None:
        await self._store(lookup.keep_cursor, self.channel, self.holder, cursor)

    async def earlier(self, reference: str) -> Sequence[Earlier]:
        return await self._store(lookup.earlier, self.channel, reference)

    async def written_to(self, ids: Sequence[str]) -> str:
        return await self._store(lookup.written_to, self.channel, ids)

    def log(self, direction: str, said: str) -> None:
        if len(self._lines) >= MOST:
            return
        said = redact(said[:LOGGED_CHARS], self._secrets).replace("\x00", "")
        side = "request" if direction == "out" else "answer"
        self._lines.append(
            Exchange(
                channel=self.channel,
                kind=Exchange.LINK,
                outcome=Exchange.OK,
                reason=said[:500],
                calls=json.dumps([{"method": direction, "url": "", side: said}]),
                at=timezone.now(),
            )
        )
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        await asyncio.sleep(GATHER)
        await self.flush()

    async def flush(self) -> None:
        """Write the lines down that wait for the log."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            await self._store(Exchange.objects.bulk_create, lines)
        except Exception:
            log.exception("%s: %s lines for the log are lost", self.channel, len(lines))
