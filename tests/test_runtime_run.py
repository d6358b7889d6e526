"""``manage.py run`` as a newcomer uses it: in a terminal, until Ctrl-C, leaving nothing behind."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from .serving import until
from .stories.databases import ROOT
from .stories.system import free_port

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes"),
]
START_SECONDS = 90.0
#: Makes standard input the terminal that Ctrl-C comes from, then becomes the command.
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """``manage.py run`` in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.output = ""
        self.environment = {
            **{n: v for n, v in os.environ.items() if n not in ("DATABASE_URL", "REDIS_URL")},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "DATA_DIR": str(folder),
            "REDIS_URL": "",
            "DEMO": "1",
        }
        self.fd, inside = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.environment,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def read_until(self, condition: Callable[[str], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition(self.output):
            assert time.monotonic() < deadline, self.output
            if select.select([self.fd], [], [], 0.2)[0]:
                self.output += os.read(self.fd, 65536).decode("utf-8", "replace")

    def wait(self) -> int:
        """The exit status, with what was still printed."""
        with suppress(OSError):  # a terminal whose programs have all ended cannot be read
            while piece := os.read(self.fd, 65536):
                self.output += piece.decode("utf-8", "replace")
        return self.process.wait(30)

    def processes(self) -> list[int]:
        """Whoever runs with our data folder, whosever child it is now."""
        mark = f"DATA_DIR={self.folder}".encode()
        socket = f"unixsocket:{self.folder}".encode()  # Valkey overwrites its environment
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (path / "environ").read_bytes().split(b"\0")
                if mark in environment or socket in (path / "cmdline").read_bytes():
                    found.append(int(path.name))
        return found

    def again(self, **environment: str) -> str:
        """What a second ``manage.py run`` says before it gives up."""
        done = subprocess.run(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 1
        return done.stderr


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    folder = Path(tempfile.mkdtemp(prefix="parley-run-"))
    terminal = Terminal(folder)
    yield terminal
    for pid in terminal.processes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os.close(terminal.fd)
    shutil.rmtree(folder, ignore_errors=True)


def test_it_greets_refuses_a_second_start_and_ctrl_c_ends_all_of_it(terminal: Terminal) -> None:
    terminal.read_until(lambda output: "Ctrl-C stops it" in output)
    address = f"http://127.0.0.1:{terminal.port}"
    assert address in terminal.output
    for word in ("first / first-password", "second / second-password", "admin / admin-password"):
        assert word in terminal.output
    assert requests.get(f"{address}/readyz", timeout=20).json()["ok"]
    # The parent, Valkey, web with events, worker, links, beat.
    assert len(terminal.processes()) == 6

    assert f"Port {terminal.port} cannot be used" in terminal.again()
    other = str(free_port())
    assert f"already runs with the data in {terminal.folder}" in terminal.again(PORT=other)
    assert "must be a number" in terminal.again(PORT="http")

    os.write(terminal.fd, b"\x03")
    assert terminal.wait() == 0
    assert "Stopped." in terminal.output
    assert terminal.processes() == []
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)
    assert (terminal.folder / "parley.sqlite3").exists()


def test_when_one_process_dies_all_end_and_its_name_is_told(terminal: Terminal) -> None:
    terminal.read_until(lambda output: "Ctrl-C stops it" in output)
    worker = next(
        pid
        for pid in terminal.processes()
        if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(worker, signal.SIGKILL)
    assert terminal.wait() == 1
    assert re.search(r"worker ended unexpectedly", terminal.output)
    assert terminal.processes() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's help")
def test_the_parent_killed_takes_everyone_along(terminal: Terminal) -> None:
    terminal.read_until(lambda output: "Started web and events" in output)
    terminal.process.kill()
    assert terminal.wait() == -signal.SIGKILL
    until(lambda: not terminal.processes(), 30)
