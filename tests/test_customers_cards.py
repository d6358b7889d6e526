"""What is done to customers' cards: kept, joined, merged, deleted; tags of sessions."""

from __future__ import annotations

from typing import Any

import pytest

from routing.desk import Refused, cards, merging, tagging
from routing.desk.card_facts import Mistakes, clean
from routing.models import (
    AddressBook,
    Card,
    CardEvent,
    CardField,
    Customer,
    Extension,
    FieldValue,
    Session,
    Tag,
)

from .factories import CustomerFactory, ExtensionFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Extension:
    return ExtensionFactory(name="Anna")


def card(by: Extension, **typed: Any) -> Card:
    return cards.keep(by, None, clean(typed))


def test_a_card_names_its_addresses_and_says_who_changed_what(anna: Extension) -> None:
    bare = CustomerFactory(address="+41791112233")
    lena = card(anna, name="Lena", numbers=[("mobile", "+41 79 111 22 33"), ("work", "")])
    bare.refresh_from_db()
    assert bare.card == lena and bare.kind == "mobile" and str(bare) == "Lena" and bare.known
    cards.keep(anna, lena, clean({"name": "Lena Żak", "vip": True}))
    bare.refresh_from_db()
    assert str(bare) == "Lena Żak" and bare.card == lena
    changed, made = CardEvent.objects.filter(card=lena)
    assert (made.kind, changed.kind, changed.by) == ("made", "changed", str(anna))
    assert changed.facts == {"name": ["Lena", "Lena Żak"], "vip": [False, True]}
    cards.keep(anna, lena, clean({"name": "Lena Żak"}))
    assert CardEvent.objects.count() == 2


def test_numbers_that_go_become_bare_and_those_of_others_are_refused(anna: Extension) -> None:
    lena = card(anna, name="Lena", numbers=[("", "+41791112233"), ("", "+41791112234")])
    cards.keep(anna, lena, clean({"numbers": [("work", "+41791112234")]}))
    gone = Customer.objects.get(address="+41791112233")
    assert gone.card is None and gone.name == ""
    with pytest.raises(Mistakes, match="another customer"):
        card(anna, name="Ben", numbers=[("", "+41791112234")])
    assert Card.objects.count() == 1


def test_a_session_s_chat_address_joins_and_stays(anna: Extension) -> None:
    chat = CustomerFactory(network="telegram", address="4711", name="lena_z")
    lena = cards.keep(anna, None, clean({"name": "Lena", "numbers": []}), joining=chat)
    cards.keep(anna, lena, clean({"numbers": [("", "+41791112233")]}))
    assert set(lena.addresses.values_list("network", flat=True)) == {"telegram", "phone"}
    ben = card(anna, name="Ben")
    with pytest.raises(Refused, match="has a card already"):
        cards.join(anna, ben, chat)


def test_each_mistake_stands_at_its_input(anna: Extension) -> None:
    level = CardField.objects.create(name="Level", kind="choice", choices="Gold")
    typed = {
        "name": "x" * 300,
        "email": "lena",
        "language": "english!",
        "manager": "77",
        "tags": ["Unknown"],
        "numbers": [("", "call me"), ("", "+41791112233")],
        f"field-{level.pk}": "Tin",
    }
    with pytest.raises(Mistakes) as told:
        clean(typed)
    wrong = {"name", "email", "language", "manager", "tags", "number-0", f"field-{level.pk}"}
    assert set(told.value.found) == wrong
    with pytest.raises(Refused, match="at least a name"):
        card(anna, name=" ")


def test_national_numbers_are_read_in_the_country_that_is_told() -> None:
    typed = {"numbers": [("", "079 111 22 33"), ("work", "0041791112233")]}
    assert clean(typed, region="CH").numbers == {"+41791112233": ""}


def test_a_card_with_sessions_is_not_deleted(anna: Extension) -> None:
    lena = card(anna, name="Lena", numbers=[("", "+41791112233")])
    session = SessionFactory(customer=lena.addresses.get())
    with pytest.raises(Refused, match="Lena has 1 session"):
        cards.delete(anna, lena)
    session.delete()
    cards.delete(anna, lena)
    assert not Card.objects.exists() and not Customer.objects.exists()
    event = CardEvent.objects.latest("pk")
    assert (event.kind, event.name, event.card) == ("deleted", "Lena", None)


def test_merging_moves_everything_and_keeps_what_was(anna: Extension) -> None:
    level, city = (CardField.objects.create(name=name) for name in ("Level", "City"))
    tags = [Tag.objects.create(name=name) for name in ("Late", "Nice")]
    one = card(anna, name="Lena", email="a@example.com", numbers=[("", "+41791112233")])
    two = card(
        anna,
        name="Helena",
        email="b@example.com",
        company="Sons",
        vip=True,
        numbers=[("", "+41791112234")],
        tags=["late"],
        **{f"field-{level.pk}": "Gold", f"field-{city.pk}": "Bern"},
    )
    one.tags.add(tags[1])
    FieldValue.objects.create(card=one, field=level, text="Tin")
    session = SessionFactory(customer=two.addresses.get())
    wins = {"email": "other", f"field-{level.pk}": "other"}
    merged = merging.merge(anna, one, two, wins)
    assert (merged.name, merged.email, merged.company) == ("Lena", "b@example.com", "Sons")
    assert merged.vip and set(merged.tags.all()) == set(tags)
    assert {v.field.name: v.text for v in merged.values.all()} == {"Level": "Gold", "City": "Bern"}
    assert Session.objects.get(customer__card=merged) == session
    assert set(Customer.objects.values_list("name", flat=True)) == {"Lena"}
    record = CardEvent.objects.filter(kind="merged").get()
    assert record.facts["merged"]["email"] == "b@example.com" and record.facts["sessions"] == 1
    assert record.facts["before"]["email"] == "a@example.com"
    with pytest.raises(Refused, match="two different"):
        merging.merge(anna, one, one)
    with pytest.raises(Refused, match="meanwhile"):
        merging.merge(anna, one, two)


def test_duplicates_by_mail_and_by_another_form_of_the_number(
    anna: Extension, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.PHONE_REGION = "CH"
    lena = card(anna, name="Lena", email="L@example.com", numbers=[("", "+41791112233")])
    same_mail = card(anna, name="Helena", email="l@Example.com")
    odd = CustomerFactory(address="0791112233")
    other_form = cards.keep(anna, None, clean({"name": "L."}), joining=odd)
    german = card(anna, name="German", numbers=[("", "+49791112233")])
    everyone = Card.objects.all()
    assert set(merging.alike(everyone, lena)) == {same_mail, other_form}
    assert merging.alike(everyone, other_form) == [lena]
    assert merging.alike(everyone, german) == []
    with django_assert_max_num_queries(4):
        found = merging.pairs(everyone)
    assert {(one, other) for _, one, other in found} == {(lena, same_mail), (lena, other_form)}


def test_agents_see_the_shared_book_or_only_whom_they_know(anna: Extension) -> None:
    ben = ExtensionFactory(name="Ben")
    met = card(ben, name="Met", numbers=[("", "+41791112233")])
    SessionFactory(customer=met.addresses.get(), holder=anna)
    managed, own = card(ben, name="Managed", manager=anna.number), card(anna, name="Own")
    stranger = card(ben, name="Stranger")
    assert set(Card.objects.seen_by(anna)) == {met, managed, own, stranger}
    AddressBook.objects.create(pk=1, shared=False)
    anna = Extension.objects.get(pk=anna.pk)
    assert set(Card.objects.seen_by(anna)) == {met, managed, own}


def test_tags_of_many_sessions_and_back(anna: Extension) -> None:
    tag = Tag.objects.create(name="Late")
    mine = [SessionFactory(holder=anna) for _ in range(2)]
    theirs = SessionFactory(holder=ExtensionFactory())
    tagging.set_tags(anna, mine[0], [tag])
    assert tagging.tag_many(anna, [s.pk for s in (*mine, theirs)], tag) == [mine[1].pk]
    assert not theirs.tags.exists() and mine[1].taggings.get().by == anna
    assert tagging.untag_many(anna, [mine[1].pk, theirs.pk], tag) == [mine[1].pk]
    assert list(Session.objects.filter(tags=tag)) == [mine[0]]
