"""What can go wrong on the way to a provider, what must come of it, and a server that does it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from providers.base import Call

NOWHERE = "nowhere.parley.example"  # a name that the tests' resolver does not know
AMPLE = 20.0  # seconds for what is meant to end by itself
#: Seconds until a time-out that is meant to happen. A busy machine may take longer to get to where
#: it should strike; then the next, longer one is tried.
SHORT = (0.6, 3.0, AMPLE)


@dataclass(frozen=True, slots=True)
class Fault:
    """``sent`` is the error if the call may have sent a message, ``asked`` if it only asked."""

    name: str
    sent: str
    asked: str
    after: float | None = None


#: The one place that says what each fault ends in. A provider whose documentation promises
#: something else says so in its ``_contract.json``.
TABLE = [
    Fault("refused", "Unavailable", "Unavailable"),
    Fault("no such name", "Unavailable", "Unavailable"),
    Fault("no TLS", "Unavailable", "Unavailable"),
    Fault("no connection in time", "Unavailable", "Unavailable"),
    Fault("no answer in time", "Uncertain", "Unavailable"),
    Fault("hangs up", "Uncertain", "Unavailable"),
    Fault("429", "Throttled", "Throttled"),
    Fault("429 with Retry-After", "Throttled", "Throttled", after=30.0),
    Fault("500", "Uncertain", "Unavailable"),
    Fault("HTML", "Uncertain", "Unavailable"),
    Fault("endless", "Uncertain", "Unavailable"),
    Fault("cut off", "Uncertain", "Unavailable"),
]

PAGE = b"<html><title>Log in</title>to the airport's network</html>"
ANSWERS = {
    "429": (b"429 Too Many Requests", b"", b""),
    "429-with-Retry-After": (b"429 Too Many Requests", b"Retry-After: 30\r\n", b""),
    "500": (b"500 Internal Server Error", b"Content-Type: text/html\r\n", b"<h1>Oops</h1>"),
    "HTML": (b"200 OK", b"Content-Type: text/html\r\n", PAGE),
}


class World:
    """A faulty server on loopback, and two ports where nobody answers."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=500)
        )
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        with socket.create_server(("127.0.0.1", 0)) as gone:
            self.closed = gone.getsockname()[1]
        # A queue of connections that is full: the system lets further ones wait for ever.
        self.full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.waiting = [socket.socket() for _ in range(4)]
        for each in self.waiting:
            each.setblocking(False)
            each.connect_ex(self.full.getsockname())

    def close(self) -> None:
        async def end() -> None:
            self.server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        for each in (*self.waiting, self.full):
            each.close()

    def spoilt(self, call: Call, fault: Fault, seconds: float) -> Call:
        """The call, on its way to where this fault happens, with so many seconds to answer."""
        name = fault.name.replace(" ", "-")
        places = {
            "refused": f"http://127.0.0.1:{self.closed}",
            "no such name": f"http://{NOWHERE}",
            "no TLS": f"https://127.0.0.1:{self.port}",
            "no connection in time": f"http://127.0.0.1:{self.full.getsockname()[1]}",
        }
        url = places.get(fault.name, f"http://127.0.0.1:{self.port}/{name}")
        path = urlsplit(call.url).path
        return replace(call, url=url + path, timeout=seconds, max_bytes=200_000, certificate="")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError)
        with contextlib.suppress(*gone):
            await self.misbehave(reader, writer)
        writer.close()

    async def misbehave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(1)
        if head == b"\x16":  # a TLS handshake, to a server that knows none
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return await writer.drain()
        head += await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        name = head.split(b" ")[1].split(b"/")[1].split(b"?")[0].decode()
        if name in ANSWERS:
            status, headers, body = ANSWERS[name]
            length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
            writer.write(b"HTTP/1.1 " + status + b"\r\n" + headers + length + body)
        elif name == "cut-off":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "1", "mess')
        elif name == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
                await writer.drain()
        elif name == "no-answer-in-time":
            await reader.read()  # until the other side gives up
        await writer.drain()  # and whatever is left hangs up


@contextlib.contextmanager
def world() -> Iterator[World]:
    """The faulty world, while the block lasts."""
    made = World()
    try:
        yield made
    finally:
        made.close()
