"""Many rows in one statement, on PostgreSQL and SQLite alike: the rows travel as one JSON value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.db import connection

R = TypeVar("R")

#: Column types in a source, as PostgreSQL calls them.
INT, TEXT, BOOL, TIME = "bigint", "text", "boolean", "timestamptz"


def source(columns: dict[str, str]) -> str:
    """A SELECT over one JSON parameter whose rows have these columns: name to type."""
    if connection.vendor == "postgresql":
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
    kept = connection.ops.adapt_datetimefield_value(at)
    return kept if isinstance(kept, str) else at.isoformat()


def _clean(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def run(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Execute a statement and return its rows; none if it has none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def mended(function: Callable[..., R], *args: Any) -> R:
    """Call outside a request: a database connection that broke is opened anew the next time."""
    try:
        return function(*args)
    except Exception:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        raise
