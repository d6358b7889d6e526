"""The full text of messages and customers, and how it is kept."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection, models
from django.db.models import Model

from routing.models import Customer, Message, words

from .factories import CustomerFactory, MessageFactory

pytestmark = pytest.mark.django_db
migration = import_module("routing.migrations.0005_words_of_messages_and_customers")


def found(question: str) -> set[Message]:
    return set(Message.objects.filter(pk__in=words.messages_with(words.words(question))))


def known(question: str) -> set[Customer]:
    return set(Customer.objects.filter(pk__in=words.customers_with(words.words(question))))


def test_every_word_must_begin_a_word_whatever_its_case_and_accents() -> None:
    message = MessageFactory(
        text="Où est ma COMMANDE n° 4711-b, s'il vous plaît? (foo@example.com)"
    )
    for question in ("commande", "comm 47", "ou EST", "plait", "PLAÎT", "4711 b", "example"):
        assert found(question) == {message}, question
    for question in ("mande", "commande 4712", "commandes"):
        assert found(question) == set(), question


def test_what_changes_and_goes_is_followed_and_system_lines_are_left_out() -> None:
    message = MessageFactory(text="first words")
    MessageFactory(text="first line", direction=Message.SYSTEM, status=Message.SENT)
    assert found("first") == {message}
    Message.objects.filter(pk=message.pk).update(text="other ones")
    assert found("first") == set() and found("other") == {message}
    Message.objects.filter(direction=Message.SYSTEM).update(text="other line")
    assert found("other") == {message}
    message.delete()
    assert found("other") == set()


def test_customers_are_known_by_name_and_address() -> None:
    lena = CustomerFactory(name="Léna Żak-Meyer", address="lena@example.com", network="email")
    assert known("lena meyer") == known("zak") == known("example") == {lena}
    Customer.objects.filter(pk=lena.pk).update(name="Ben")
    assert known("meyer") == set() and known("ben example") == {lena}


@pytest.mark.parametrize(
    "question",
    ['"', 'a" OR "b', "text:x", "NEAR(a b)", "a & !b | (c", "'; --", "%", "\\", "a\x00b"],
)
def test_no_question_breaks_the_statement(question: str) -> None:
    MessageFactory(text="hello")
    asked = words.words(question)
    assert asked == [] or found(question) == set()


def test_a_question_has_so_many_words_and_no_more() -> None:
    assert len(words.words(" ".join(f"w{n}" for n in range(100)))) == words.MOST
    assert words.words("Æ ﬁ Straße") == ["æ", "fi", "straße"]


def test_an_endless_text_can_be_stored() -> None:
    MessageFactory(text="x" * 3000 + " " + " ".join(f"{n:x}" for n in range(300_000)))
    assert len(found("2a")) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
def test_the_indexes_are_used() -> None:
    keys = {
        "message_words": words.messages_with(["a"]),
        "customer_words": words.customers_with(["a"]),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        for index, asked in keys.items():
            cursor.execute(f"EXPLAIN {asked.sql}", asked.params)
            assert index in str(cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
@pytest.mark.django_db(transaction=True)
def test_triggers_stay_when_a_table_is_changed() -> None:
    field = models.CharField(max_length=600, blank=True)
    field.set_attributes_from_name("reason")
    before: models.Field = Message._meta.get_field("reason")
    model: type[Model] = Message
    with connection.schema_editor() as editor:
        editor.alter_field(model, before, field, strict=True)
    with connection.schema_editor() as editor:
        editor.alter_field(model, field, before, strict=True)
    message = MessageFactory(text="still found")
    assert found("still") == {message}


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_and_finds_what_was_there() -> None:
    with connection.schema_editor() as editor:
        migration.drop(None, editor)
    message = MessageFactory(text="older than the index")
    with connection.schema_editor() as editor:
        migration.create(None, editor)
    assert found("older") == {message}
