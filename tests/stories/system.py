"""The real Parley for stories: its processes, its database, its Valkey, seen from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import redis

from config import embedded
from config.processes import beat_command, front_command, worker_command

from . import databases

T = TypeVar("T")
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class System:
    """``with System(CONFIGURATION, workers=1) as parley``.

    ``configuration`` is YAML for ``manage.py apply``; what apply printed is ``parley.applied``.
    Every process is a child whose ``pid`` is known; each writes a log in ``parley.folder``.
    """

    def __init__(
        self,
        configuration: str = "",
        *,
        workers: int = 1,
        beat: bool = False,
        front: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.configuration = configuration
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="parley-story-"))
        self.database = databases.fresh(self.folder)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.front: subprocess.Popen[bytes] | None = None
        self.beat: subprocess.Popen[bytes] | None = None
        self.valkey: embedded.Valkey | None = None
        self.applied: dict[str, Any] = {}
        self._wanted = (workers, beat, front)
        self._children: list[subprocess.Popen[bytes]] = []
        self.environment = self._environment(environment or {})

    def _environment(self, wanted: Mapping[str, str]) -> dict[str, str]:
        own: dict[str, str | None] = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "REDIS_URL": f"unix://{self.folder}/valkey.sock",
            "BROKER_URL": "",
            "ALLOW_PRIVATE_ADDRESSES": "1",
            "PYTHONUNBUFFERED": "1",
            **self.database.environment,
            **wanted,
        }
        merged = {**os.environ, **own}
        return {name: value for name, value in merged.items() if value is not None}

    def __enter__(self) -> System:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Valkey, then the configuration, then the processes; returns when they answer."""
        workers, beat, front = self._wanted
        self.start_valkey()
        if self.configuration:
            self.applied = self.apply(self.configuration)
        if front:
            self.start_front(wait=False)
        for _ in range(workers):
            self.start_worker(wait=False)
        if beat:
            self.start_beat()
        if front:
            self.wait(self._answers, START_SECONDS, "the front to answer")
        if workers:
            self.wait_for_workers()

    def close(self) -> None:
        """End every process and remove everything, the database too."""
        for child in self._children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + 10
        for child in self._children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if self.valkey:
            self.valkey.stop()
        self.database.drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- processes ---------------------------------------------------------------------------

    def _start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=databases.ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=embedded.die_with_parent(),
            )
        self._children.append(child)
        return child

    def start_valkey(self) -> None:
        """Start it again with what it kept, after ``self.valkey.stop()``."""
        self.valkey = embedded.start(self.folder / "valkey", self.folder / "valkey.sock")

    def start_front(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        self.front = self._start("front", front_command(self.port))
        if wait:
            self.wait(self._answers, START_SECONDS, "the front to answer")
        return self.front

    def start_worker(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        name = f"worker{len(list(self.folder.glob('worker*.log')))}"
        worker = self._start(name, worker_command(name))
        self.workers.append(worker)
        if wait:
            self.wait_for_workers()
        return worker

    def start_beat(self) -> subprocess.Popen[bytes]:
        self.beat = self._start("beat", beat_command(self.folder))
        return self.beat

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL: as when the machine loses it."""
        process.kill()
        process.wait()
        self._forget(process)

    def stop(self, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
        """SIGTERM, and wait for its end."""
        process.send_signal(signal.SIGTERM)
        process.wait(seconds)
        self._forget(process)

    def _forget(self, process: subprocess.Popen[bytes]) -> None:
        if process in self.workers:
            self.workers.remove(process)

    def wait_for_workers(self) -> None:
        """Until as many workers listen to the broker as were started and still run."""
        with self.redis() as client:
            self.wait(
                lambda: self._listening(client) >= len(self.workers), START_SECONDS, "the workers"
            )

    @staticmethod
    def _listening(client: redis.Redis) -> int:
        """How many connections wait in a blocking pop, as each idle worker's does."""
        return sum(each["cmd"] in ("brpop", "bzpopmin") for each in client.client_list())

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                return True
        except (OSError, urllib.error.HTTPError):
            return False

    # --- what tests ask and do ---------------------------------------------------------------

    def manage(self, *arguments: str, text: str | None = None) -> str:
        """Run manage.py; returns what it printed. ``text`` is its standard input."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=databases.ROOT,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout

    def apply(self, configuration: str) -> dict[str, Any]:
        """Apply YAML; returns the JSON that was printed."""
        path = self.folder / "configuration.yaml"
        path.write_text(configuration, "utf-8")
        printed: dict[str, Any] = json.loads(self.manage("apply", str(path)))
        return printed

    def webhook_url(self, channel: str) -> str:
        """The address of the applied channel with this name."""
        found = {each["name"]: each["webhook_url"] for each in self.applied["channels"]}
        return str(found[channel])

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query with ``%s`` placeholders."""
        return self.database.sql(query, *parameters)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.environment["REDIS_URL"])

    def wait(self, condition: Callable[[], T], seconds: float = 10.0, what: str = "") -> T:
        """Until the condition holds, and what it returned; fails with the logs otherwise."""
        deadline = time.monotonic() + seconds
        while True:
            if result := condition():
                return result
            if time.monotonic() > deadline:
                waited = what or "the condition"
                raise AssertionError(f"Waited {seconds} s for {waited}.\n{self.logs()}")
            time.sleep(0.02)

    def logs(self, lines: int = 25) -> str:
        """The last lines of every process."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            last = path.read_text("utf-8", "replace").splitlines()[-lines:]
            parts.append(f"--- {path.stem}\n" + "\n".join(last))
        return "\n".join(parts)
