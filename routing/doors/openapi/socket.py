"""``/openapi/v1.0/subscribe``: events by WebSocket, bare ASGI.

A listener says ``{"topic_list": [30031, ...]}`` and hears of every event from then on. A nudge only
says that there may be something: what it is, is read in the database. After a minute without a
word from either side the connection ends, and so it does with the token; ``heartbeat`` keeps it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from time import monotonic
from typing import Any, Protocol
from urllib.parse import parse_qs

from django.conf import settings
from django.db import close_old_connections
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from ... import live
from ...remote import remote_of
from .. import allowance, knocking
from . import listening
from .words import DENIED, EXPIRED, FORBIDDEN, MESSAGES, PARAMETER, SYNTAX, TOO_MANY, Refusal

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/openapi/v1.0/subscribe"
QUIET_SECONDS = 60.0
LOOK_SECONDS = 10.0  # without a nudge: one may have been lost
MOST_SOCKETS = 16  # of one door in this process
MOST_WORDS = 64 * 1024  # characters from a listener at once
MOST_TOPICS = 100
LEAVING, NOT_ALLOWED, TOO_BIG = 1001, 1008, 1009
_open: Counter[int] = Counter()


class Hub(Protocol):
    """What fans nudges out in this process."""

    closing: bool

    async def resolve(self, question: Any) -> Any: ...
    def join(self, connection: Any, after: int | None) -> None: ...
    def leave(self, connection: Any) -> None: ...


class Listener:
    """One connection, as the hub knows it: any push means to look into the database."""

    def __init__(self, send: Send, ears: listening.Ears, hub: Hub) -> None:
        self.send, self.ears, self.hub = send, ears, hub
        self.audiences = frozenset([live.platform_audience(ears.receiver)])
        self.resolve = lambda: self.audiences  # it asks by itself, with each look
        self.check_at = float("inf")
        self.beat_at = monotonic() + LOOK_SECONDS
        self.quiet_at = monotonic() + QUIET_SECONDS
        self.ended = self._again = False
        self._looking: asyncio.Task[None] | None = None

    def push(self, event: bytes) -> None:
        self.beat_at = monotonic() + LOOK_SECONDS
        self._again = True
        if self._looking is None and not self.ended:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def end(self) -> None:
        """The server stops."""
        asyncio.get_running_loop().create_task(self.close(LEAVING, "SERVER STOPS"))

    async def close(self, code: int, reason: str) -> None:
        if not self.ended:
            self.ended = True
            await self._tell({"type": "websocket.close", "code": code, "reason": reason})

    async def say(self, text: str) -> None:
        self.quiet_at = monotonic() + QUIET_SECONDS
        await self._tell({"type": "websocket.send", "text": text})

    async def _tell(self, event: dict[str, Any]) -> None:
        try:
            await self.send(event)
        except (OSError, RuntimeError) as error:  # it went away; its reader knows
            log.debug("A listener broke off: %s", error)
            self.ended = True

    async def _look(self) -> None:
        try:
            while self._again and not self.ended:
                self._again = False
                told = await self.hub.resolve(partial(_read, self.ears))
                if told is None:
                    await self.close(NOT_ALLOWED, MESSAGES[EXPIRED])
                    return
                for text in told:
                    await self.say(text)
                self._again = self._again or self.ears.more
        except Exception:  # the database is away: what is there is read with the next look
            log.exception("The events of a listener could not be read")
        finally:
            self._looking = None

    async def hear(self, receive: Receive) -> None:
        """Answer what it says, until it goes or may stay no longer."""
        while not self.ended:
            left = (self.ears.until - timezone.now()).total_seconds()
            wait = min(left, self.quiet_at - monotonic())
            try:
                event = await asyncio.wait_for(receive(), max(0.0, wait))
            except TimeoutError:
                if left <= wait:
                    await self.close(NOT_ALLOWED, MESSAGES[EXPIRED])
                elif monotonic() >= self.quiet_at:
                    await self.close(LEAVING, "NO TRAFFIC")
                continue
            if event["type"] == "websocket.disconnect":
                self.ended = True
                return
            await self._answer(event.get("text") or (event.get("bytes") or b"").decode("latin-1"))

    async def _answer(self, said: str) -> None:
        if len(said) > MOST_WORDS:
            await self.close(TOO_BIG, "TOO LARGE")
        elif said.strip().strip('"').lower() == "heartbeat":
            await self.say("heartbeat response")
        else:
            code = self._subscribe(said)
            await self.say(json.dumps({"errcode": code, "errmsg": MESSAGES[code]}))

    def _subscribe(self, said: str) -> int:
        try:
            asked = json.loads(said)
        except (ValueError, RecursionError):
            return SYNTAX
        topics = asked.get("topic_list") if isinstance(asked, dict) else None
        if not isinstance(topics, list) or len(topics) > MOST_TOPICS:
            return PARAMETER
        if not all(str(each).isdecimal() for each in topics):
            return PARAMETER
        self.ears.topics = frozenset(map(int, topics))
        self.push(b"")
        return 0


def _read(ears: listening.Ears) -> list[str] | None:
    """What is new; None if the token is no longer good. Runs in a thread."""
    close_old_connections()
    try:
        return listening.news(ears) if listening.may_listen(ears) else None
    finally:
        close_old_connections()


def _enter(token: str, remote: str) -> listening.Ears:
    """Runs in a thread."""
    close_old_connections()
    try:
        return listening.opened(token, remote)
    finally:
        close_old_connections()


async def application(scope: Scope, receive: Receive, send: Send, hub: Hub) -> None:
    """Serve one listener until it goes or may listen no more."""
    await receive()  # websocket.connect
    try:
        ears = await hub.resolve(partial(_enter, *_asked(scope)))
        if _open[ears.receiver] >= MOST_SOCKETS:
            raise Refusal(TOO_MANY)
    except Exception as refused:
        await _refuse(scope, send, refused)
        return
    await send({"type": "websocket.accept"})
    listener = Listener(send, ears, hub)
    _open[ears.receiver] += 1
    hub.join(listener, None)
    try:
        if hub.closing:
            await listener.close(LEAVING, "SERVER STOPS")
        await listener.hear(receive)
    finally:
        listener.ended = True
        hub.leave(listener)
        _open[ears.receiver] -= 1


def _asked(scope: Scope) -> tuple[str, str]:
    """The token, and where the caller is. Raises Refusal."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host, _ = split_domain_port(headers.get(b"host", ""))
    if scope["path"].rstrip("/") != PATH or not validate_host(host, settings.ALLOWED_HOSTS):
        raise Refusal(DENIED)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    remote = remote_of((scope.get("client") or [""])[0], headers.get(b"x-forwarded-for", ""))
    return query.get("access_token", [""])[0], remote


async def _refuse(scope: Scope, send: Send, refused: Exception) -> None:
    """No WebSocket, but an answer in the usual words where the server can give one."""
    match refused:
        case Refusal():
            code = refused.code
        case knocking.NotHere():
            code = FORBIDDEN
        case knocking.Refusal():
            code = DENIED
        case allowance.TooMany():
            code = TOO_MANY
        case _:
            log.error("A listener could not be let in", exc_info=refused)
            code = -2
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": NOT_ALLOWED, "reason": MESSAGES[code]})
        return
    body = json.dumps({"errcode": code, "errmsg": MESSAGES[code]}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    status = 401 if code == EXPIRED else 403
    start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})
