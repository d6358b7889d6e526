"""Takes a request's body before a thread is spent on it.

The pages run in few threads. A body that arrives slowly, or never ends, must hold up none of them:
the event loop collects it, on disk beyond 64 kB, and only then does a thread begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from tempfile import SpooledTemporaryFile
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]

IDLE_SECONDS = 30.0  # without a byte
WHOLE_SECONDS = 900.0  # for 100 MB, that is a megabit each second
IN_MEMORY = 64 * 1024
BLOCK = 64 * 1024


class Refused(Exception):
    """The body is not taken. ``status`` is the HTTP status that says why."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class HungUp(Exception):
    """The caller went away before it had said everything."""


class Spool:
    """A whole body: ``receive`` hands it on as a server would. Close it when all is done."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed by ``close``)
        self._left = 0
        self._over = False

    async def fill(self, most: int) -> None:
        """Collect the body. Raises Refused if it is too large or too slow, or HungUp."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                while await self._take(most):
                    pass
        except TimeoutError:
            raise Refused(408, "The request took too long to arrive.") from None
        self._file.seek(0)

    async def _take(self, most: int) -> bool:
        event = await asyncio.wait_for(self._receive(), IDLE_SECONDS)
        if event["type"] == "http.disconnect":
            raise HungUp
        body = event.get("body", b"")
        self._left += len(body)
        if self._left > most:
            raise Refused(413, f"The request is too large: at most {most // 2**20} MiB are taken.")
        self._file.write(body)
        return bool(event.get("more_body"))

    async def receive(self) -> dict[str, Any]:
        if self._over:
            return await self._receive()
        body = self._file.read(BLOCK)
        self._left -= len(body)
        self._over = self._left <= 0
        return {"type": "http.request", "body": body, "more_body": not self._over}

    def close(self) -> None:
        self._file.close()
