"""A provider on loopback that notes when each message arrives, and by which connection.

``POST /c/<channel>`` takes a message as the general contract has it; ``GET /arrivals`` tells all
that came, ``GET /seen`` how many, ``POST /reset?latency=<seconds>`` forgets them. Prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import re
import time
import urllib.request
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs, urlsplit

import orjson
import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Book:
    """What has arrived: (seconds, channel, peer's port, provider's id, body)."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[float, int, int, str, bytes]] = []
        self.latency = 0.0
        self.last = 0


class Door(asyncio.Protocol):
    def __init__(self, book: Book) -> None:
        self.book, self.buffer = book, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer = transport.get_extra_info("peername")[1]

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.buffer, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < whole:
                return
            target = self.buffer[: self.buffer.find(b"\r\n")].split(b" ")[1]
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            if target.startswith(b"/c/"):
                self.take(int(target[3:]), body)
            else:
                self.answer(self.tell(target.decode()))

    def take(self, channel: int, body: bytes) -> None:
        book = self.book
        book.last += 1
        given = f"p-{book.last}"
        book.arrivals.append((time.monotonic(), channel, self.peer, given, body))
        answer = b'{"data":{"id":"%b"}}' % given.encode()
        if book.latency:
            asyncio.get_running_loop().call_later(book.latency, self.answer, answer)
        else:
            self.answer(answer)

    def tell(self, target: str) -> bytes:
        parts = urlsplit(target)
        if parts.path == "/reset":
            self.book.arrivals.clear()
            self.book.latency = float(parse_qs(parts.query)["latency"][0])
        if parts.path != "/arrivals":
            return orjson.dumps(len(self.book.arrivals))
        return orjson.dumps(
            [(*each[:4], orjson.loads(each[4])["text"]) for each in self.book.arrivals]
        )

    def answer(self, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )


@dataclass(frozen=True)
class Arrival:
    at: float
    channel: int
    port: int
    provider_id: str
    text: str


class Provider:
    """The provider, seen from the bench."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def address(self, channel: int) -> str:
        return f"{self.url}/c/{channel}"

    def reset(self, latency: float = 0.0) -> None:
        self._ask(f"/reset?latency={latency}", b"")

    def seen(self) -> int:
        return self._ask("/seen")

    def arrivals(self) -> list[Arrival]:
        return [Arrival(*each) for each in self._ask("/arrivals")]

    def _ask(self, path: str, body: bytes | None = None) -> object:
        with urllib.request.urlopen(self.url + path, body, timeout=60) as answer:
            return json.load(answer)


async def serve() -> None:
    book = Book()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Door(book), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def first_in_line() -> None:
    """Note arrivals when they come, not when a core is free or garbage has been collected."""
    gc.disable()
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


if __name__ == "__main__":
    first_in_line()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
