"""What every measurement stands on: database, Valkey, real processes; all ended by their pid."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from config import embedded
from config.processes import front_command, worker_command

from .cluster import Cluster, Server
from .ports import free_port

ROOT = Path(__file__).resolve().parent.parent
Process = subprocess.Popen[bytes]


class Wrong(Exception):
    """What was measured is not right, so that its speed says nothing."""


def check(right: bool, said: str) -> None:
    """Raise Wrong with these words unless it is right."""
    if not right:
        raise Wrong(said)


class Rig:
    """``with Rig(quick=True) as rig``, then ``with rig.section("inbound")`` for a fresh Parley."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.folder = Path(tempfile.mkdtemp(prefix="parley-bench-"))
        self.folder.chmod(0o711)  # PostgreSQL's own user must reach its folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server: Server | None = None
        self.valkey: embedded.Valkey | None = None
        self.database = f"parley_bench_{os.getpid()}"
        self._children: list[Process] = []

    def __enter__(self) -> Rig:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a thousand browsers connect
        given = os.environ.get("DATABASE_URL")
        self.server = Server(given) if given else Cluster(self.folder / "postgresql")
        socket = self.folder / "valkey.sock"
        self.valkey = embedded.start(self.folder / "valkey", socket)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.server.url(self.database),
            "REDIS_URL": self.valkey.url,
            "BROKER_URL": "",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "ALLOW_PRIVATE_ADDRESSES": "1",
            "DEBUG": "0",
            "PYTHONUNBUFFERED": "1",
        }
        (self.folder / "data" / "static").mkdir(parents=True)
        self._migrate()

    def _migrate(self) -> None:
        import django
        from django.core.management import call_command

        template = f"{self.database}_template"
        self.server.create(template)
        django.setup()
        self._use(template)
        call_command("migrate", verbosity=0)
        self._use(self.database)

    def _use(self, database: str) -> None:
        from django.db import connection

        connection.close()
        connection.settings_dict["NAME"] = database

    def close(self) -> None:
        self.stop_all()
        if self.server:
            if type(self.server) is Server:
                self.server.drop(f"{self.database}_template")
            self.server.stop()
        if self.valkey:
            self.valkey.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A fresh, migrated database and an empty Valkey; what is started within ends with it."""
        self.server.create(self.database, template=f"{self.database}_template")
        self.redis.flushall()
        for log in self.folder.glob("*.log"):
            log.unlink()
        try:
            yield
        except BaseException:
            print(self.last_words(), file=sys.stderr)
            raise
        finally:
            self.stop_all()
            self._use(self.database)
            self.server.drop(self.database)

    @property
    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.valkey.url)

    @property
    def dsn(self) -> str:
        return self.server.url(self.database)

    # --- processes ---------------------------------------------------------------------------

    def start(
        self, name: str, command: Sequence[str], *, talks: bool = False, **environment: str
    ) -> Process:
        """Start a process; what it says is in ``<name>.log``, or in its pipes if it talks to us."""
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else log,
                stderr=log,
                start_new_session=True,
                preexec_fn=embedded.die_with_parent(),
            )
        self._children.append(child)
        return child

    def front(self, workers: int = 1) -> Process:
        """The front as Parley itself starts it."""
        more = ["--workers", str(workers)] if workers > 1 else []
        front = self.start("front", [*front_command(self.port), *more])
        self.wait(lambda: self.answers("/healthz"), 60, "the front")
        return front

    def granian(self, threads: int) -> Process:
        """Django's own view, under WSGI."""
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "config.wsgi:application",
        ]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        command += ["--blocking-threads", str(threads), "--no-ws"]
        web = self.start("web", command)
        self.wait(lambda: self.answers("/healthz"), 60, "granian")
        return web

    def workers(self, count: int) -> list[Process]:
        """Real Celery workers, listening."""
        started = [self.start(f"worker{n}", worker_command(f"worker{n}")) for n in range(count)]
        self.wait(lambda: self._listening() >= count, 60, "the workers")
        return started

    def _listening(self) -> int:
        """How many connections wait in a blocking pop, as each idle worker's does."""
        clients = self.redis.client_list()
        return sum(each["cmd"] in ("brpop", "bzpopmin") for each in clients)

    def ask(self, module: str, spec: Mapping[str, Any], seconds: float = 900) -> dict[str, Any]:
        """Run one of our own programs to its end; it reads JSON and prints JSON."""
        child = self.start(module, [sys.executable, "-m", f"bench.{module}"], talks=True)
        said, _ = child.communicate(json.dumps(spec).encode(), seconds)
        check(child.returncode == 0, f"bench.{module} failed.")
        return json.loads(said)

    def stop(self, *children: Process) -> None:
        """SIGTERM, and wait for the end; SIGKILL for one that does not heed it."""
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            try:
                child.wait(45)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pipe in filter(None, (child.stdin, child.stdout)):
                pipe.close()
            if child in self._children:
                self._children.remove(child)

    def stop_all(self) -> None:
        self.stop(*self._children)

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5):
                return True
        except (OSError, urllib.error.HTTPError):
            return False

    def wait(
        self, condition: Callable[[], Any], seconds: float, what: str, every: float = 0.02
    ) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            check(time.monotonic() < deadline, f"Waited {seconds:g} seconds for {what} in vain.")
            time.sleep(every)

    def last_words(self) -> str:
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            if lines := path.read_text("utf-8", "replace").splitlines()[-25:]:
                parts.append(f"--- {path.stem}\n" + "\n".join(lines))
        return "\n".join(parts)
