"""A server on loopback that fails in a chosen way, and counts what reached it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[["Visitor"], None]


class Visitor:
    """One connection to the server, with the server it came to."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server, self.sock = server, sock

    def read_request(self) -> bytes:
        """The head and body of one request; b"" if the client has gone."""
        found = b""
        while b"\r\n\r\n" not in found:
            more = self.sock.recv(65_536)
            if not more:
                return b""
            found += more
        head, _, body = found.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += self.sock.recv(65_536)
        self.server.requests.append(head + b"\r\n\r\n" + body)
        return self.server.requests[-1]

    def say(self, text: bytes) -> None:
        self.sock.sendall(text)

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the test lasts."""
        self.server.ended.wait(seconds)


class Server:
    """Accepts connections; each is served by ``behaviour`` in a thread of its own."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.connections = 0
        self.requests: list[bytes] = []
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            thread = threading.Thread(target=self.serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self.behaviour(Visitor(self, sock))

    def close(self) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(5)


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[Server]:
    """A server that runs while the block does."""
    server = Server(behaviour)
    try:
        yield server
    finally:
        server.close()


def answers(text: bytes) -> Behaviour:
    """Answer every request with these bytes."""

    def behave(visitor: Visitor) -> None:
        while visitor.read_request():
            visitor.say(text)

    return behave


def page(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """Answer every request with this status, body and headers."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return answers(head.encode() + b"\r\n\r\n" + body)


def hangs_up(visitor: Visitor) -> None:
    """Close without reading."""


def reads_and_hangs_up(visitor: Visitor) -> None:
    visitor.read_request()


def answers_once(visitor: Visitor) -> None:
    """Answer the first request, then read another one and close."""
    visitor.read_request()
    visitor.say(OK)
    visitor.read_request()


def silent(visitor: Visitor) -> None:
    visitor.read_request()
    visitor.wait(10)


def mute(visitor: Visitor) -> None:
    """Accept, and neither read nor say anything."""
    visitor.wait(10)


def breaks_off(visitor: Visitor) -> None:
    """Close in the middle of the answer."""
    visitor.read_request()
    visitor.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def not_http(visitor: Visitor) -> None:
    visitor.read_request()
    visitor.say(b"220 mail.example ESMTP\r\n")


def endless(visitor: Visitor) -> None:
    """Answer with chunks for ever."""
    visitor.read_request()
    visitor.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not visitor.server.ended.is_set():
        visitor.say(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def drips(visitor: Visitor) -> None:
    """Answer a letter at a time, each before any read would time out."""
    visitor.read_request()
    visitor.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not visitor.server.ended.is_set():
        visitor.say(b"x")
        visitor.wait(0.1)


def drips_head(visitor: Visitor) -> None:
    """Send the head of the answer a letter at a time."""
    visitor.read_request()
    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        if visitor.server.ended.is_set():
            return
        visitor.say(bytes((letter,)))
        visitor.wait(0.1)
