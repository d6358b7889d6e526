"""Group commit: whatever arrives while a transaction runs goes into the next one.

Nobody waits for a timer, so a single message is as fast as can be, and under load one transaction
carries many.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connection

from providers.base import Provider

from .. import files, live, outbox, pushing
from ..models import bulk
from .filing import file
from .letters import Letter

log = logging.getLogger(__name__)
MOST = 200  # requests in one transaction


@dataclass(slots=True)
class Work:
    """What one request brought. ``done`` is resolved once it is stored, or with the failure.

    It is a future for threads, or one of the event loop that ``loop`` names.
    """

    letters: list[Letter]
    log: dict[str, Any] | None = None
    done: Future[None] | asyncio.Future[None] = field(default_factory=Future)
    loop: asyncio.AbstractEventLoop | None = None


class Committer:
    """One thread that stores what the others hand in."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def submit(self, letters: list[Letter], log: dict[str, Any] | None = None) -> Future[None]:
        """Hand in; the future is resolved after the commit, or raises what went wrong."""
        done: Future[None] = Future()
        _keep_files(letters)
        self._queue.put(Work(letters, log, done))
        return done

    async def store(self, letters: list[Letter], log: dict[str, Any] | None = None) -> None:
        """Hand in from an event loop; returns after the commit, or raises what went wrong."""
        loop = asyncio.get_running_loop()
        if any(media.content is not None for letter in letters for media in letter.media):
            await asyncio.to_thread(_keep_files, letters)
        done: asyncio.Future[None] = loop.create_future()
        self._queue.put(Work(letters, log, done, loop))
        await done

    def stop(self) -> None:
        """Store what was handed in, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        bulk.only_hot()
        while (first := self._queue.get()) is not None:
            batch = [first, *self._gathered()]
            commit(batch)
        connection.close()

    def _gathered(self) -> Iterator[Work]:
        for _ in range(MOST - 1):
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            if work is None:
                self._queue.put(None)
                return
            yield work


def _keep_files(letters: Sequence[Letter]) -> None:
    for letter in letters:
        letter.keep_files()


def commit(batch: Sequence[Work]) -> None:
    """Store all in one transaction; where that fails, each by itself. Resolves every future."""
    try:
        bulk.mended(_store, batch)
    except Exception as error:
        if len(batch) == 1:
            log.exception("A request could not be stored")
            _drop_files(batch)
            _resolve(batch, error)
            return
        for work in batch:
            commit([work])
        return
    _resolve(batch, None)
    _drop_files(batch, duplicates=True)
    live.nudge_many(_nudges(batch))
    _call_workers(batch)


def _drop_files(batch: Sequence[Work], *, duplicates: bool = False) -> None:
    """Delete what was stored for messages that were not kept."""
    for letter in (x for work in batch for x in work.letters if x.files):
        if letter.duplicate or not duplicates:
            files.drop(letter.files)


def _store(batch: Sequence[Work]) -> None:
    file([x for work in batch for x in work.letters], [w.log for w in batch if w.log])


def _resolve(batch: Sequence[Work], error: Exception | None) -> None:
    """Tell all who wait; those of one event loop by one call into it."""
    loops: dict[asyncio.AbstractEventLoop | None, list[Any]] = {}
    for work in batch:
        loops.setdefault(work.loop, []).append(work.done)
    for loop, waiting in loops.items():
        if loop is None:
            _tell(waiting, error)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_tell, waiting, error)


def _tell(waiting: Sequence[Any], error: Exception | None) -> None:
    for done in waiting:
        if done.done():
            continue  # nobody waits for it any more
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _call_workers(batch: Sequence[Work]) -> None:
    fresh = [letter for work in batch for letter in work.letters if not letter.duplicate]
    if any(letter.told for letter in fresh):
        outbox.ring_for(outbox.bell.FORWARD)
    if any(media.url for letter in fresh for media in letter.media):
        outbox.ring_for(outbox.bell.LOAD_FILES)
    if any(letter.stranger and not letter.inbound.name and _has_names(letter) for letter in fresh):
        outbox.ring_for(outbox.bell.GET_NAMES)
    pushing.ring(letter.session for letter in fresh if letter.holder or letter.queue)


def _has_names(letter: Letter) -> bool:
    """Whether the provider can be asked for its customers' names."""
    return letter.channel.provider_class.profile is not Provider.profile


def _nudges(batch: Sequence[Work]) -> list[tuple[list[str], dict[str, Any]]]:
    """Who is told: one nudge for each session of the batch."""
    told: dict[int, tuple[list[str], dict[str, Any]]] = {}
    for letter in (x for work in batch for x in work.letters if not x.duplicate):
        to = []
        if letter.holder:
            to.append(live.extension_audience(letter.holder))
        elif letter.queue:
            to.append(live.queue_audience(letter.queue))
        if letter.platform:
            to.append(live.platform_audience(letter.platform))
        if letter.channel.provider_class.virtual:
            to.append(live.phone_audience(letter.place.number, letter.sender))
        if to:
            told[letter.session] = (to, {"session": letter.session, "message": letter.message})
    return list(told.values())


@cache
def the_committer() -> Committer:
    """This process's committer, started at the first call."""
    return Committer()
