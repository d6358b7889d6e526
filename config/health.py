"""Two addresses for machines: is the process alive, and can it do its work?"""

from __future__ import annotations

import logging
from collections.abc import Callable

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds for each part


class NotReady(Exception):
    """The text says what is wrong, in words that may be public."""


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 if all that Parley needs answers, else 503; the JSON names each part."""
    parts = {name: _look(name, check) for name, check in CHECKS.items()}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ok": ready, **parts}, status=200 if ready else 503)


def _look(name: str, check: Callable[[], None]) -> dict[str, object]:
    try:
        check()
    except NotReady as error:
        return {"ok": False, "error": str(error)}
    except Exception as error:  # the details may name hosts and users: they are for the log alone
        log.warning("Not ready, %s: %s", name, error)
        return {"ok": False, "error": f"does not answer ({type(error).__name__})"}
    return {"ok": True}


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def missing_migrations() -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


_migrated = False


def _migrations() -> None:
    global _migrated
    if _migrated:  # it stays so for as long as this version of the code runs
        return
    if missing := missing_migrations():
        raise NotReady(f"{missing} not applied; run manage.py migrate")
    _migrated = True


def _redis() -> None:
    patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    with redis.Redis.from_url(settings.REDIS_URL, **patience) as client:
        client.ping()


def _broker() -> None:
    with current_app.connection_for_write(connect_timeout=PATIENCE) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=PATIENCE)


CHECKS = {
    "database": _database,
    "migrations": _migrations,
    "redis": _redis,
    "broker": _broker,
}
