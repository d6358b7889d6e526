"""The other end of a scripted session: a server on loopback, in the test's process."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Peer:
    """``with Peer() as peer``. Counts sessions, keeps what was sent, says what a test wants.

    ``answer`` gets each message and returns the fields of its answer, or None for silence.
    """

    def __init__(self) -> None:
        self.password = ""
        self.sent: list[dict[str, Any]] = []
        self.acks: list[int] = []
        self.sessions: list[socket.socket] = []
        self.most_at_once = 0
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = accept
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0

    def __enter__(self) -> Peer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def stop(self) -> None:
        """Hang up, and answer no more calls."""
        assert self._listener
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Hang up."""
        with self._lock:
            for each in self.sessions:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def say(self, **fields: Any) -> None:
        """Say something to the session that stands."""
        with self._lock:
            self.sessions[-1].sendall(json.dumps(fields).encode() + b"\n")

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.sent]

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                session, _ = listener.accept()
                threading.Thread(target=self._serve, args=[session], daemon=True).start()

    def _serve(self, session: socket.socket) -> None:
        bound = False
        with suppress(OSError), session, session.makefile("rb") as lines:
            for line in lines:
                said = json.loads(line)
                if "bind" in said:
                    bound = said["bind"] == self.password
                    with self._lock:
                        if bound:
                            self.sessions.append(session)
                            self.most_at_once = max(self.most_at_once, len(self.sessions))
                        session.sendall(json.dumps({"bound": bound}).encode() + b"\n")
                elif "ack" in said:
                    self.acks.append(said["ack"])
                else:
                    self.sent.append(said)
                    if (answer := self.answer(said)) is not None:
                        fields = {"reference": said["reference"], **answer}
                        session.sendall(json.dumps(fields).encode() + b"\n")
        if bound:
            with self._lock:
                self.sessions.remove(session)


def accept(said: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"id-{said['reference']}"}
