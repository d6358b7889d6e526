"""A throw-away PostgreSQL cluster, or databases of our own on the server of DATABASE_URL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from config.embedded import die_with_parent

from .ports import free_port

SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "synchronous_commit": "on",
    "fsync": "on",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}


class NoPostgres(Exception):
    """There is no PostgreSQL server to start, and DATABASE_URL names none."""


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs, the newest. Raises NoPostgres."""
    installed = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = sorted(installed, key=lambda path: int(path.parts[4]), reverse=True)
    found = str(newest[0]) if newest else shutil.which(name)
    if not found:
        raise NoPostgres(f"{name} is not installed; install PostgreSQL or set DATABASE_URL.")
    return found


class Server:
    """A PostgreSQL server. ``url`` names a database on it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement outside our own databases."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @property
    def version(self) -> str:
        return str(self.run("SHOW server_version")[0][0]).split()[0]

    def create(self, name: str, template: str = "template0") -> None:
        self.drop(name)
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """It is not ours."""


class Cluster(Server):
    """A server of our own with its files in ``folder``; PostgreSQL refuses to run as root."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        super().__init__(f"postgres://postgres@127.0.0.1:{port}/postgres")
        self._as: dict[str, Any] = {}
        folder.mkdir()
        if os.geteuid() == 0:
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        files = folder / "files"
        auth = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"]
        self._call([program("initdb"), "-D", str(files), *auth], folder)
        options = {**SETTINGS, "port": str(port), "unix_socket_directories": str(folder)}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(program("postgres"), "-D", str(files)),
                    *(
                        word
                        for name, value in options.items()
                        for word in ("-c", f"{name}={value}")
                    ),
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(),
                **self._as,
            )
        self._wait(folder / "log")

    def _call(self, command: Sequence[str], folder: Path) -> None:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **self._as)

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise NoPostgres(f"PostgreSQL did not start:\n{log.read_text()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
