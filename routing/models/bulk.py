"""Many rows in one statement, on PostgreSQL and SQLite alike: the rows travel as one JSON value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import connection, transaction

R = TypeVar("R")

#: Column types in a source, as PostgreSQL calls them.
INT, TEXT, BOOL, TIME = "bigint", "text", "boolean", "timestamptz"


def source(columns: dict[str, str]) -> str:
    """A SELECT over one JSON parameter whose rows have these columns: name to type."""
    if _postgres():
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return f"SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r({listed})"
    listed = ", ".join(f"value->>'{name}' AS {name}" for name in columns)
    return f"SELECT {listed} FROM json_each(%s)"


def rows(items: Sequence[dict[str, Any]]) -> str:
    """The parameter for a source.

    NUL characters and halves of surrogate pairs, which no database keeps, are left out or replaced.
    """
    try:
        packed = orjson.dumps(items)
    except orjson.JSONEncodeError:
        packed = orjson.dumps([{n: _clean(v) for n, v in each.items()} for each in items])
    if b"\\u0000" in packed:
        packed = orjson.dumps([{n: _clean(v) for n, v in each.items()} for each in items])
    return packed.decode()


def stamp(at: datetime | None) -> str | None:
    """A time in the form in which this database keeps it."""
    if at is None:
        return None
    return at.isoformat() if _postgres() else str(at.astimezone(UTC).replace(tzinfo=None))


@cache
def _postgres() -> bool:
    """Asked of the settings: in an event loop, ``connection`` is made anew for every request."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def _clean(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def locks_rows() -> bool:
    """Whether rows are locked one by one; SQLite locks all of itself instead."""
    return _postgres()


@contextmanager
def hot() -> Iterator[None]:
    """A transaction for statements that run thousands of times.

    On PostgreSQL they are prepared once and must keep a plan by index, also one made while the
    tables were still small. A thread that runs nothing else says so by ``only_hot``, and tells the
    server once instead of every time.
    """
    with transaction.atomic():
        if _postgres():
            _plan_by_index()
        yield


def only_hot() -> None:
    """From now on this thread's database connection is for hot statements only."""
    _thread.only_hot = True


_thread = threading.local()


def _plan_by_index() -> None:
    lasting = getattr(_thread, "only_hot", False) and not settings.DISABLE_PREPARED
    raw = connection.connection
    if not getattr(raw, "parley_by_index", False):
        run(_BY_INDEX, "false" if lasting else "true")
        raw.parley_by_index = lasting


# A scan that cannot be avoided is then taken for so costly that PostgreSQL would compile each
# statement for a second.
_BY_INDEX = (
    "SELECT set_config(name, 'off', %s::boolean) "
    "FROM unnest('{enable_seqscan, enable_hashjoin, enable_mergejoin, jit}'::text[]) AS n(name)"
)


def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Execute a statement and return its rows; none if it has none."""
    with _cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def _cursor() -> Any:
    """A cursor whose statements the server keeps: planning them costs more than running them.

    Django binds parameters in the client, where nothing can be prepared. DISABLE_PREPARED is for
    those who have a pooler between that hands every transaction to another connection.
    """
    if not _postgres() or settings.DISABLE_PREPARED:
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 2
    return connection._prepare_cursor(ServerBindingCursor(raw))


def mended(function: Callable[..., R], *args: Any) -> R:
    """Call outside a request: a database connection that broke is opened anew the next time."""
    try:
        return function(*args)
    except Exception:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        raise
