"""Finds messages, customers and cards by words, on PostgreSQL and SQLite alike.

Every word asked for must begin some word of what is found, whatever its case and accents. The
indexes are made by migrations 0005 and 0010.
"""

from __future__ import annotations

import unicodedata

from django.db import connection
from django.db.models.expressions import RawSQL

MOST = 8  # words of a question

_PLAIN = (
    "to_tsvector('simple', translate(regexp_replace(normalize(left({0}, 20000), NFKD), "
    "'[\u0300-\u036f]+', '', 'g'), '!\"#$%%&''()*+,-./:;<=>?@[\\]^_`{{|}}~', repeat(' ', 32)))"
)
_MESSAGE = _PLAIN.format("text")
_CUSTOMER = _PLAIN.format("name || ' ' || address")
_CARD = _PLAIN.format("found_by")


def plain(letter: str) -> str:
    """A letter, or a text, without case and accents."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(each for each in parts if not unicodedata.combining(each)).lower()


def words(question: str) -> list[str]:
    """What a question asks for, in the form of the indexes: letters and digits, nothing else."""
    kept = (each if each.isalnum() else " " for each in plain(question))
    return list(dict.fromkeys("".join(kept).split()))[:MOST]


def messages_with(asked: list[str]) -> RawSQL:
    """The keys of the messages, without system lines, in which all these words begin some word."""
    return _keys("routing_message", _MESSAGE, asked, "AND direction <> 'system'")


def customers_with(asked: list[str]) -> RawSQL:
    """The keys of the customers whose name or address has all these words."""
    return _keys("routing_customer", _CUSTOMER, asked)


def cards_with(asked: list[str]) -> RawSQL:
    """The keys of the cards in whose names, e-mail and numbers all these words begin some word."""
    return _keys("routing_card", _CARD, asked)


def _keys(table: str, vector: str, asked: list[str], further: str = "") -> RawSQL:
    if connection.vendor == "postgresql":
        query = " & ".join(f"{word}:*" for word in asked)
        sql = f"SELECT id FROM {table} WHERE {vector} @@ to_tsquery('simple', %s) {further}"
        return RawSQL(sql, [query])  # noqa: S611
    query = " ".join(f'"{word}"*' for word in asked)
    sql = f"SELECT rowid FROM {table}_words WHERE {table}_words MATCH %s"
    return RawSQL(sql, [query])  # noqa: S611
