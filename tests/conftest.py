"""What every test has: a real Valkey, empty when the test begins.

SQLite by default, PostgreSQL with DATABASE_URL. Tests for which the machine lacks something are
skipped, and the last lines say so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from config import embedded
from routing import live, presence

from .scene import inline, real_committer  # noqa: F401

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NEEDS = {
    "postgres": "need PostgreSQL (DATABASE_URL)",
    "browser": f"need Chromium ({CHROMIUM})",
}
_skipped: Counter[str] = Counter()


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[embedded.Valkey]:
    server = embedded.start(settings.DATA_DIR / "valkey", settings.VALKEY_SOCKET, keep=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(valkey: embedded.Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(redis_server: redis.Redis) -> None:
    redis_server.flushall()
    live.pausing.forget()
    presence.pausing.forget()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = {
        "postgres": "postgresql" not in settings.DATABASES["default"]["ENGINE"],
        "browser": not os.access(CHROMIUM, os.X_OK),
    }
    for item in items:
        for mark in NEEDS:
            if lacking[mark] and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=NEEDS[mark]))
                _skipped[mark] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for mark, count in _skipped.items():
        terminalreporter.write_line(f"Left out here: {count} tests that {NEEDS[mark]}.")
