"""Fans nudges out to the browsers connected to this process, from one Redis subscription.

Everything here runs on one event loop. A connection at rest costs no task and no timer of its own:
a writer exists only while there is something to write.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import redis.asyncio
from redis.exceptions import RedisError

from routing import live

log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_SECONDS = 15.0
RECHECK_SECONDS = 60.0
BACKLOG = 64  # events that wait for a slow browser; beyond it, one "refetch" takes their place
REMEMBERED = 2_000  # nudges kept for browsers that come back
REFETCH = b"event: refetch\ndata: {}\n\n"
#: An event of its own, so that a page can tell a line at rest from one that died in its sleep.
HEARTBEAT = b"event: beat\ndata: {}\n\n"


class Refused(Exception):
    """This browser may not listen. ``status`` is the HTTP status that says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


#: Asks the database (in a thread) which audiences a browser belongs to. Raises Refused.
Resolve = Callable[[], frozenset[str]]


class Connection:
    """One browser's stream. ``send`` is the ASGI one, after the response has begun."""

    __slots__ = (
        "audiences",
        "backlog",
        "beat_at",
        "check_at",
        "ended",
        "resolve",
        "send",
        "writer",
    )

    def __init__(self, send: Send, resolve: Resolve, audiences: frozenset[str]) -> None:
        self.send, self.resolve, self.audiences = send, resolve, audiences
        self.backlog: list[bytes] = []
        self.writer: asyncio.Task[None] | None = None
        self.ended = False
        now = time.monotonic()
        self.beat_at, self.check_at = now + HEARTBEAT_SECONDS, now + RECHECK_SECONDS

    def push(self, event: bytes) -> None:
        """Write this event as soon as the browser takes it."""
        if len(self.backlog) >= BACKLOG:
            self.backlog = [REFETCH]
        else:
            self.backlog.append(event)
        self._write()

    def end(self) -> None:
        """End the stream after what is still to be written."""
        self.ended = True
        self._write()

    def _write(self) -> None:
        self.beat_at = time.monotonic() + HEARTBEAT_SECONDS
        if self.writer is None:
            self.writer = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self.backlog:
                body, self.backlog = b"".join(self.backlog), []
                await self.send({"type": "http.response.body", "body": body, "more_body": True})
            if self.ended:
                await self.send({"type": "http.response.body", "body": b""})
        except (OSError, RuntimeError) as error:  # the browser went away; its reader knows
            log.debug("A stream broke: %s", error)
        finally:
            self.writer = None


def _at(cursor: int, event: bytes) -> bytes:
    """The event with the place from which its browser goes on."""
    return b"id: %d\n%b" % (cursor, event)


class Hub:
    """All connections of this process."""

    def __init__(self, redis_url: str) -> None:
        self.redis_url = redis_url
        self.threads = ThreadPoolExecutor(2, thread_name_prefix="events")
        self.closing = False
        self._audiences: dict[str, set[Connection]] = {}
        self._connections: set[Connection] = set()
        self._recent: deque[tuple[int, list[str], bytes]] = deque(maxlen=REMEMBERED)
        self._newest: int | None = None  # the last cursor; None before the first subscription
        self._floor = 0  # what came up to this cursor is not remembered
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen, unless done already."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._listen()), loop.create_task(self._tick())]

    def close(self) -> None:
        """End every stream: the server stops."""
        self.closing = True
        for connection in list(self._connections):
            connection.end()
        for task in self._tasks:
            task.cancel()

    async def resolve(self, resolve: Resolve) -> frozenset[str]:
        """Ask in a thread, so that the database holds up nobody's stream."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, resolve)

    def join(self, connection: Connection, after: int | None) -> None:
        """Add a connection; ``after`` is the last cursor that its browser has seen."""
        self._connections.add(connection)
        self._place(connection, connection.audiences)
        if self._newest is None:
            return
        if after is None or after == self._newest:
            connection.push(_at(self._newest, b"event: here\ndata: {}\n\n"))
            return
        if not self._floor <= after <= self._newest:
            connection.push(_at(self._newest, REFETCH))
            return
        for cursor, audiences, event in self._recent:
            if cursor > after and not connection.audiences.isdisjoint(audiences):
                connection.push(event)

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._place(connection, frozenset())

    def _place(self, connection: Connection, audiences: frozenset[str]) -> None:
        for audience in connection.audiences - audiences:
            members = self._audiences.get(audience)
            if members is not None:
                members.discard(connection)
                if not members:
                    del self._audiences[audience]
        for audience in audiences:
            self._audiences.setdefault(audience, set()).add(connection)
        connection.audiences = audiences

    # --- what comes from Redis ---------------------------------------------------------------

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                client = redis.asyncio.Redis.from_url(self.redis_url)
                async with client, client.pubsub() as subscription:
                    await subscription.subscribe(live.CHANNEL)
                    await subscription.get_message(timeout=5)
                    self._begin(int(await client.get(live.CURSOR) or 0))
                    pause = 0.1
                    await self._hear(subscription)
            except (RedisError, OSError) as error:
                log.warning("The event stream lost Redis and tries again: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _hear(self, subscription: Any) -> None:
        asked = False
        while True:
            message = await subscription.get_message(timeout=HEARTBEAT_SECONDS)
            if message is None and asked:
                raise TimeoutError("Redis does not answer")
            if message is None:
                await subscription.ping()
            elif message["type"] == "message":
                first, _, listed = message["data"].partition(b" ")
                for cursor, nudge in enumerate(orjson.loads(listed), int(first)):
                    self.publish(cursor, nudge)
            asked = message is None

    def _begin(self, cursor: int) -> None:
        """Nothing before this cursor is known; every browser must look again."""
        self._newest = self._floor = cursor
        self._recent.clear()
        for connection in self._connections:
            connection.push(_at(cursor, REFETCH))

    def publish(self, cursor: int, nudge: dict[str, Any]) -> None:
        """Give one nudge to the connections of its audiences."""
        if self._newest is not None and cursor <= self._newest:  # Redis was emptied
            self._begin(cursor - 1)
        audiences: list[str] = nudge.pop("to")
        event = b"id: %d\ndata: %b\n\n" % (cursor, orjson.dumps(nudge))
        self._newest = cursor
        self._recent.append((cursor, audiences, event))
        if self._recent[0][0] > self._floor + 1:
            self._floor = self._recent[0][0] - 1
        reached = self._reached(audiences)
        for connection in reached:
            connection.push(event)
        if nudge.get("who"):
            self._recheck_soon(reached)

    def _reached(self, audiences: Iterable[str]) -> set[Connection]:
        return set().union(*(self._audiences.get(audience, ()) for audience in audiences))

    # --- what comes from the clock -----------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            now = time.monotonic()
            due = [each for each in self._connections if each.check_at <= now]
            for connection in self._connections:
                if connection.beat_at <= now:
                    connection.push(HEARTBEAT)
            if due:
                await self._recheck(due)

    def _recheck_soon(self, connections: Iterable[Connection]) -> None:
        task = asyncio.get_running_loop().create_task(self._recheck(list(connections)))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _recheck(self, connections: list[Connection]) -> None:
        """Ask again who these browsers are; end the streams of those who may listen no more."""
        for connection in connections:
            connection.check_at = time.monotonic() + RECHECK_SECONDS
            try:
                audiences = await self.resolve(connection.resolve)
            except Refused:
                connection.end()
            except Exception:  # the database is away: the pages will say so, not the stream
                log.exception("Could not find out what a browser may hear.")
            else:
                if connection in self._connections:
                    self._place(connection, audiences)
