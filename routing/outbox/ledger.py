"""Outcomes on their way into the database: many in one transaction, and none is lost on the way."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from channels_app.models import Channel

from ..delivery import Outcome, settle
from ..models import Message, bulk, recipients

log = logging.getLogger(__name__)

GATHER = 0.003  # seconds that a busy pump waits for more
BATCH = 500  # outcomes written in one transaction


class Ledger:
    """Takes outcomes and writes them down, from one event loop, by a thread of its own.

    ``known`` tells the channels that need not be looked up. ``again`` is called for each channel in
    which something is to be tried again, with the seconds after which.
    """

    def __init__(
        self, known: Callable[[], Mapping[int, Channel]], again: Callable[[int, float], object]
    ) -> None:
        self._known, self._again = known, again
        self._outcomes: deque[Outcome] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "pump-settles", initializer=bulk.only_hot)

    def hand_in(self, outcome: Outcome) -> None:
        """Write this down soon."""
        self._outcomes.append(outcome)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Returns once all is written down."""
        while self._writing and not self._writing.done():
            await asyncio.wait([self._writing])
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: connection.close())
        self._thread.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._outcomes:
            if len(self._outcomes) > 1:
                await asyncio.sleep(GATHER)
            batch = [self._outcomes.popleft() for _ in range(min(BATCH, len(self._outcomes)))]
            left = list(batch)
            try:
                await loop.run_in_executor(self._thread, _settle_all, left, dict(self._known()))
            except Exception:
                # The messages have left: what became of them must not be lost with a database
                # that is away for a while.
                log.exception("%s outcomes cannot be written down yet", len(left))
                self._outcomes.extendleft(reversed(left))
                await asyncio.sleep(1)
            kept = {id(each) for each in left}
            for each in batch:
                if each.status == Message.QUEUED and id(each) not in kept:
                    self._again(each.channel, each.after or 0)


def _settle_all(batch: list[Outcome], known: dict[int, Channel]) -> None:
    """Write the outcomes down, and take them out of the batch; what is left must wait."""
    lacking = {each.channel for each in batch} - set(known)
    channels = {**known, **Channel.objects.in_bulk(lacking)} if lacking else known
    try:
        bulk.mended(settle, batch, channels)
        batch.clear()
    except Exception:
        if len(batch) == 1:
            raise
        log.exception("Writing down %s outcomes failed; trying them one by one", len(batch))
        for each in list(batch):
            _settle_one(each, channels)
            batch.remove(each)


def _settle_one(outcome: Outcome, channels: dict[int, Channel]) -> None:
    try:
        bulk.mended(settle, [outcome], channels)
    except Exception as error:
        connection.ensure_connection()  # raises if the database is away: then all is tried again
        log.exception("The outcome of message %s cannot be written down", outcome.message)
        outcome.status = Message.UNKNOWN if outcome.calls else outcome.status
        reason = f"What became of it could not be kept: {error}"[:500]
        with transaction.atomic():
            mine = Message.objects.filter(pk=outcome.message, status=Message.SENDING)
            mine.advance(Message.UNKNOWN, reason=reason)
            recipients.follow([outcome.message])
