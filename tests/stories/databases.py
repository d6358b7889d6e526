"""Fresh, migrated databases for stories: one migration a test run, then copies.

With DATABASE_URL, databases are made on that PostgreSQL server; otherwise they are SQLite files.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent


def on_postgres() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


class Sqlite:
    """A database in a data folder, where Parley looks for it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "parley.sqlite3"
        self.environment = {"DATABASE_URL": None}  # None: not set
        shutil.copy(_sqlite_template(), self.path)

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=20)) as connection, connection:
            return connection.execute(query.replace("%s", "?"), parameters).fetchall()

    def drop(self) -> None:
        """Nothing to do: it goes with its folder."""


class Postgres:
    """A database of its own on the server that DATABASE_URL names."""

    def __init__(self, folder: Path) -> None:
        self.name = f"parley_story_{secrets.token_hex(6)}"
        self.environment = {"DATABASE_URL": _address(self.name)}
        _on_server(f'CREATE DATABASE "{self.name}" TEMPLATE "{_postgres_template()}"')

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(_address(self.name), autocommit=True) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def drop(self) -> None:
        _on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def fresh(folder: Path) -> Sqlite | Postgres:
    """A migrated database for the Parley whose DATA_DIR is ``folder``."""
    return Postgres(folder) if on_postgres() else Sqlite(folder)


@cache
def _sqlite_template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="parley-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate({"DATA_DIR": str(folder)}, without=["DATABASE_URL"])
    path = folder / "parley.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@cache
def _postgres_template() -> str:
    name = f"parley_template_{secrets.token_hex(6)}"
    folder = tempfile.mkdtemp(prefix="parley-template-")
    _on_server(f'CREATE DATABASE "{name}"')
    atexit.register(_on_server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    try:
        _migrate({"DATA_DIR": folder, "DATABASE_URL": _address(name)})
    finally:
        shutil.rmtree(folder)
    return name


def _migrate(environment: dict[str, str], without: Sequence[str] = ()) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in without}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**kept, **environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        check=True,
    )


def _address(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _on_server(statement: str) -> None:
    import psycopg

    with psycopg.connect(_address("postgres"), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
