"""Django's SQLite backend, with a file lock around each write transaction.

SQLite's own waiters sleep and retry without a queue, so that a busy writer starves the others for
seconds. The lock beside the database lets them pass one after another.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from django.db.backends.sqlite3 import base

from .schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    _lock: int | None = None

    def _path(self) -> str:
        name = str(self.settings_dict["NAME"])
        return "" if ":memory:" in name or "mode=memory" in name else f"{name}.lock"

    def _start_transaction_under_autocommit(self) -> None:
        self._acquire()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._release()
            raise

    def _acquire(self) -> None:
        if self._lock is None and (path := self._path()):
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _release(self) -> None:
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _commit(self) -> Any:
        try:
            return super()._commit()
        finally:
            self._release()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()
        finally:
            self._release()

    def close(self) -> None:
        super().close()
        if self._lock is not None and self.connection is None:
            os.close(self._lock)
            self._lock = None
