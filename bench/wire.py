"""One kept-alive HTTP connection that costs next to nothing: requests are bytes made before."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

#: Told after each answer: the status, and the seconds from the first byte out to the last one in.
Answered = Callable[["Line", int, float], None]


class Line(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._began = 0.0
        self._buffer = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> None:
        assert self._transport is not None and not self.busy
        self.busy = True
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(buffer, 0, end)
        if length is None:
            raise ValueError(f"An answer without a length: {buffer[:200]!r}")
        if len(buffer) < end + 4 + int(length[1]):
            return
        self._buffer, self.busy = b"", False
        self._answered(self, int(buffer[9:12]), time.perf_counter() - self._began)

    def connection_lost(self, error: Exception | None) -> None:
        if self.busy:  # an answer is missing; status 0 stands for that
            self.busy = False
            self._answered(self, 0, 0.0)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def connect(port: int, answered: Answered) -> Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: Line(answered), "127.0.0.1", port)
    return line
