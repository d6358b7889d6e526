"""Parley's processes on one machine: what they are called with, and one parent for all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .embedded import die_with_parent

GRACE_SECONDS = 20.0  # a worker finishes what it is sending
COLOURS = (36, 33, 32, 35, 34)


def front_command(port: int) -> list[str]:
    """Pages, webhooks and event stream on one port."""
    return [
        *(sys.executable, "-m", "uvicorn", "config.asgi:application"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--no-access-log", "--no-proxy-headers", "--no-server-header"),
        *("--log-level", "warning", "--timeout-graceful-shutdown", "5"),
    ]


def worker_command(name: str = "worker") -> list[str]:
    return [
        *(sys.executable, "-W", "ignore:You're running the worker with superuser privileges"),
        *("-m", "celery", "-q", "-A", "config", "worker", "-n", f"{name}@%h"),
        *("--pool", "threads", "--concurrency", "8", "--loglevel", "warning"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def links_command() -> list[str]:
    return [sys.executable, "manage.py", "links"]


def beat_command(folder: Path) -> list[str]:
    """``folder`` keeps beat's own notes."""
    return [
        *(sys.executable, "-m", "celery", "-q", "-A", "config", "beat", "--loglevel", "warning"),
        *("--schedule", str(folder / "beat"), "--pidfile", ""),
    ]


@dataclass
class Member:
    name: str
    process: subprocess.Popen[bytes]
    colour: int


class Crew:
    """Child processes that live and end together. Their output is printed, each line with a name.

    Each child has a session of its own, so that Ctrl-C reaches the crew alone and they are ended
    in order; should the crew itself be killed, they end too (on Linux).
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self.members: list[Member] = []
        self._printers: list[threading.Thread] = []
        self._width = 0
        self._stop_asked = threading.Event()
        self._hurry = threading.Event()

    def start(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Start all, then print what they say."""
        self._width = max(map(len, commands))
        for colour, (name, command) in zip(COLOURS, commands.items(), strict=False):
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
            self.members.append(Member(name, process, colour))
        for member in self.members:
            printer = threading.Thread(target=self._print_lines, args=[member], daemon=True)
            printer.start()
            self._printers.append(printer)

    def stop_on_signals(self) -> None:
        """Ctrl-C, SIGTERM or a closed terminal ask for the end; a second time, at once."""

        def stop(signum: int, frame: object) -> None:
            if self._stop_asked.is_set():
                self._hurry.set()
            self._stop_asked.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)

    def ended(self) -> Member | None:
        """A member that is no longer there."""
        return next((each for each in self.members if each.process.poll() is not None), None)

    def wait(self, also: Callable[[], bool] = lambda: False) -> Member | None:
        """Until the end is asked for, or ``also`` says so (None), or a member ended (which)."""
        while not self._stop_asked.wait(0.2):
            if (member := self.ended()) or also():
                return member
        return None

    @property
    def stop_asked(self) -> bool:
        return self._stop_asked.is_set()

    def close(self) -> None:
        """End all that still run, giving them time to finish; then kill."""
        for member in self.members:
            if member.process.poll() is None:
                member.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(each.process.poll() is None for each in self.members):
            if self._hurry.wait(0.05) or time.monotonic() > deadline:
                break
        for member in self.members:
            with suppress(ProcessLookupError):  # also what a member may have left behind
                os.killpg(member.process.pid, signal.SIGKILL)
            member.process.wait()
        for printer in self._printers:
            printer.join(1)

    def _print_lines(self, member: Member) -> None:
        name = member.name.ljust(self._width)
        prefix = f"\x1b[{member.colour}m{name} |\x1b[0m " if sys.stdout.isatty() else f"{name} | "
        assert member.process.stdout
        for line in member.process.stdout:
            say(prefix + line.decode("utf-8", "replace").rstrip("\n"))


def say(line: str) -> None:
    """Print, whether or not somebody still reads."""
    with suppress(OSError, ValueError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
