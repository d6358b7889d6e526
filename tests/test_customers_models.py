"""Cards, fields and tags: what they keep, and what can be found."""

from __future__ import annotations

import pytest

from routing.models import Card, CardField, words

pytestmark = pytest.mark.django_db


def known(question: str) -> set[Card]:
    return set(Card.objects.filter(pk__in=words.cards_with(words.words(question))))


def test_cards_are_found_by_name_company_mail_and_number_in_both_forms() -> None:
    card = Card(name="Léna Żak", company="Müller & Sons", email="lena@example.com")
    card.derive(["+41791112233"])
    card.save()
    for question in ("lena", "ZAK mull", "sons", "example", "4179111", "791112233"):
        assert known(question) == {card}, question
    assert known("ben") == set()
    card.name = "Ben"
    card.derive([])
    card.save()
    assert known("ben") == {card} and known("4179111") == set() == known("zak")
    card.delete()
    assert known("ben") == set()


def test_fields_keep_one_form_of_each_value_and_refuse_in_a_sentence() -> None:
    choice = CardField(name="Level", kind=CardField.CHOICE, choices="Gold\nSilver")
    assert choice.cleaned(" gold ") == "Gold" and choice.cleaned(" ") == ""
    assert CardField(name="N", kind=CardField.NUMBER).cleaned("1 000,50") == "1000.5"
    assert CardField(name="D", kind=CardField.DATE).cleaned("2026-03-01") == "2026-03-01"
    for kind, text, words_ in (
        (CardField.CHOICE, "Bronze", "must be one of: Gold, Silver"),
        (CardField.NUMBER, "many", "must be a number"),
        (CardField.NUMBER, "NaN", "must be a number"),
        (CardField.DATE, "1.3.2026", "date like 2026-03-31"),
        (CardField.TEXT, "x" * 501, "too long"),
    ):
        with pytest.raises(ValueError, match=words_):
            CardField(name="F", kind=kind, choices="Gold\nSilver").cleaned(text)
