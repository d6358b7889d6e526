"""Changes of tables that keep their triggers."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3.schema import DatabaseSchemaEditor as Editor

TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"


class DatabaseSchemaEditor(Editor):
    """SQLite changes most things by copying a table, and drops the triggers with the old one."""

    def _remake_table(self, model: Any, *args: Any, **kwargs: Any) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(TRIGGERS, [model._meta.db_table])
            triggers = [sql for (sql,) in cursor.fetchall()]
        super()._remake_table(model, *args, **kwargs)
        for sql in triggers:
            self.execute(sql, params=None)
