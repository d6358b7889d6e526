"""Full text of messages and customers: GIN indexes on PostgreSQL, FTS5 tables on SQLite.

Triggers keep SQLite's tables, because incoming messages are filed by plain INSERTs. On PostgreSQL
the indexed expression must stay equal to the one in ``routing/models/words.py``.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

PLAIN = (
    "to_tsvector('simple', translate(regexp_replace(normalize(left({0}, 20000), NFKD), "
    "'[\u0300-\u036f]+', '', 'g'), '!\"#$%&''()*+,-./:;<=>?@[\\]^_`{{|}}~', repeat(' ', 32)))"
)
MESSAGE = PLAIN.format("text")
CUSTOMER = PLAIN.format("name || ' ' || address")

POSTGRESQL = [
    f"CREATE INDEX message_words ON routing_message USING gin (({MESSAGE})) "
    "WHERE direction <> 'system'",
    f"CREATE INDEX customer_words ON routing_customer USING gin (({CUSTOMER}))",
]

TOKENS = "tokenize='unicode61 remove_diacritics 2'"
FORGET = "INSERT INTO {0}_words({0}_words, rowid, {1}) VALUES ('delete', old.id, {2});"
LEARN = "INSERT INTO {0}_words(rowid, {1}) VALUES (new.id, {2});"


def _kept(table: str, columns: str, when: str) -> list[str]:
    """The virtual table of a table's columns, filled, and the triggers that keep it so."""
    old = ", ".join(f"old.{name}" for name in columns.split(", "))
    new = ", ".join(f"new.{name}" for name in columns.split(", "))
    forget, learn = FORGET.format(table, columns, old), LEARN.format(table, columns, new)

    def trigger(name: str, event: str, row: str, step: str) -> str:
        return (
            f"CREATE TRIGGER {table}_words_{name} AFTER {event} ON {table} "
            f"WHEN {when.format(row)} BEGIN {step} END"
        )

    return [
        f"CREATE VIRTUAL TABLE {table}_words USING fts5"
        f"({columns}, content='{table}', content_rowid='id', {TOKENS})",
        f"INSERT INTO {table}_words(rowid, {columns}) "  # noqa: S608
        f"SELECT id, {columns} FROM {table} WHERE {when.format(table)}",
        trigger("insert", "INSERT", "new", learn),
        trigger("delete", "DELETE", "old", forget),
        trigger("update", f"UPDATE OF {columns}", "new", f"{forget} {learn}"),
    ]


SQLITE = [
    *_kept("routing_message", "text", "{0}.direction <> 'system'"),
    *_kept("routing_customer", "name, address", "{0}.id IS NOT NULL"),
]


def create(apps: Any, schema_editor: Any) -> None:
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX message_words, customer_words")
        return
    for table in ("routing_message", "routing_customer"):
        for name in ("insert", "delete", "update"):
            schema_editor.execute(f"DROP TRIGGER {table}_words_{name}")
        schema_editor.execute(f"DROP TABLE {table}_words")


class Migration(migrations.Migration):
    dependencies = [("routing", "0004_held_while_incoming_is_off")]

    operations = [
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["session"],
                name="message_not_sent",
                condition=Q(status__in=["failed", "unknown"]),
            ),
        ),
        migrations.RunPython(create, drop),
    ]
