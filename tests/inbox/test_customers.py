"""The customers' pages and the panel: what they show, what they change, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing.desk import cards
from routing.desk.card_facts import clean
from routing.models import (
    AddressBook,
    Card,
    CardEvent,
    CardField,
    Customer,
    Extension,
    Message,
    PanelClosed,
    Session,
    Tag,
)

from ..factories import CustomerFactory, ExtensionFactory, MessageFactory, SessionFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db
PANEL = {"HX-Request": "true", "HX-Target": "panel-body"}


def card(by: Extension, **typed: Any) -> Card:
    return cards.keep(by, None, clean(typed))


@pytest.fixture
def lena(anna: Extension) -> Card:
    return card(
        anna, name="Lena <b>", company="Sons", email="l@x.example", numbers=[("", "+41791112233")]
    )


# --- the list ----------------------------------------------------------------------------------


def test_search_in_names_companies_numbers_mail_and_tags(
    browser: Client, anna: Extension, lena: Card
) -> None:
    card(anna, name="Ben")
    lena.tags.add(Tag.objects.create(name="Late delivery"))
    for question in ("lena", "sons", "l@x", "079 111 22", "+41 79 111", "late"):
        page = text(browser.get("/customers/", {"q": question}))
        assert "Lena &lt;b&gt;" in page and "Ben" not in page, question
    assert "No customer found" in text(browser.get("/customers/", {"q": "nobody"}))
    tag = Tag.objects.get()
    narrowed = text(browser.get(f"/customers/?tag={tag.pk}"))
    assert "Ben" not in narrowed and "Remove the filter" in narrowed


def test_pages_go_on_by_the_name(browser: Client, anna: Extension) -> None:
    for n in range(52):
        made = Card(name=f"Same {n % 3}")
        made.derive([])
        made.save()
    first = text(browser.get("/customers/"))
    address = first.partition('hx-get="/customers/?after=')[2].partition('"')[0]
    rest = browser.get(f"/customers/?after={address}", headers=HTMX)
    assert text(rest).count('class="row person"') == 2 and "That is everything" in text(rest)
    for nonsense in ("x", "~", f"{'9' * 30}~a", "1~"):
        answer = browser.get("/customers/", {"after": nonsense, "tag": "x" * 30}, headers=HTMX)
        assert answer.status_code == 200


@pytest.mark.parametrize("many", [1, 55])
def test_pages_cost_at_most_twelve_queries(
    browser: Client, anna: Extension, many: int, django_assert_max_num_queries: Any
) -> None:
    AddressBook.objects.create(pk=1, shared=False)
    tag, field = Tag.objects.create(name="Late"), CardField.objects.create(name="Level")
    for n in range(many):
        numbers = [("", f"+4179111{n:04d}"), ("", f"+4178111{n:04d}")]
        typed = {"name": f"N{n}", "email": "same@x.example", "numbers": numbers, "tags": ["Late"]}
        made = card(anna, **typed, **{f"field-{field.pk}": "x"})
        session = SessionFactory(holder=anna, customer=made.addresses.first())
        session.tags.add(tag)
    one, other = made.pk, Card.objects.first().pk
    for address in (
        *("/customers/", "/customers/?q=n", f"/customers/{one}/", f"/customers/{one}/edit/"),
        *(f"/customers/{one}/merge/", "/customers/duplicates/", "/customers/new/"),
        *(f"/s/{session.pk}/panel/", f"/s/{session.pk}/card/", f"/s/{session.pk}/", "/"),
    ):
        with django_assert_max_num_queries(12, info=address):
            headers = PANEL if address.endswith(("panel/", "card/")) else {}
            assert browser.get(address, headers=headers).status_code == 200, address
    with django_assert_max_num_queries(16):
        assert browser.get(f"/customers/{one}/merge/?with={other}").status_code == 200


# --- one customer ------------------------------------------------------------------------------


def test_a_new_customer_is_made_shown_and_changed(browser: Client) -> None:
    form = {"name": "Léna", "kind": ["mobile", ""], "number": ["+41 79 111 22 33", ""], "vip": "on"}
    made = browser.post("/customers/new/", form)
    lena = Card.objects.get()
    assert made.headers["Location"] == f"/customers/{lena.pk}/"
    page = text(browser.get(f"/customers/{lena.pk}/"))
    assert 'href="tel:+41791112233"' in page and "Mobile" in page and "VIP" in page
    wrong = browser.post(f"/customers/{lena.pk}/edit/", {**form, "email": "no", "number": ["x"]})
    assert wrong.status_code == 422 and "not an e-mail address" in text(wrong)
    assert "is not a phone number" in text(wrong) and 'value="no"' in text(wrong)
    browser.post(f"/customers/{lena.pk}/edit/", {"name": "Lena"})
    lena.refresh_from_db()
    assert lena.name == "Lena" and not lena.vip and not lena.addresses.exists()


def test_delete_says_why_not(browser: Client, lena: Card) -> None:
    session = SessionFactory(customer=lena.addresses.get())
    refused = browser.post(f"/customers/{lena.pk}/delete/")
    assert refused.status_code == 422 and "1 session" in text(refused)
    Session.objects.filter(pk=session.pk).delete()
    assert browser.post(f"/customers/{lena.pk}/delete/").headers["Location"] == "/customers/"
    assert not Card.objects.exists()


def test_merge_shows_where_they_differ_and_keeps_what_was_chosen(
    browser: Client, anna: Extension, lena: Card
) -> None:
    other = card(anna, name="Helena", email="l@x.example", numbers=[("", "+41791112234")])
    page = text(browser.get(f"/customers/{lena.pk}/"))
    assert f"/customers/{lena.pk}/merge/?with={other.pk}" in page and "Compare with Helena" in page
    page = text(browser.get(f"/customers/{lena.pk}/merge/?with={other.pk}"))
    assert "<legend>Name</legend>" in page and "<legend>E-mail</legend>" not in page
    form = {"with": other.pk, "name": "other"}
    done = browser.post(f"/customers/{lena.pk}/merge/", form)
    assert done.headers["Location"] == f"/customers/{lena.pk}/"
    kept = Card.objects.get()
    assert kept.name == "Helena" and kept.company == "Sons" and kept.addresses.count() == 2
    assert browser.get(f"/customers/{other.pk}/").status_code == 404
    assert CardEvent.objects.get(kind="merged").facts["merged"]["name"] == "Helena"


# --- the panel ---------------------------------------------------------------------------------


def test_panel_of_a_bare_address_offers_to_add_a_card(
    browser: Client, anna: Extension, mine: Session
) -> None:
    panel = f"/s/{mine.pk}/panel/"
    page = text(browser.get(panel, headers=PANEL))
    assert "Add customer" in page and "<html" not in page and mine.customer.address in page
    form = text(browser.get(f"/s/{mine.pk}/card/", headers=PANEL))
    assert "New customer" in form and mine.customer.address in form
    typed = {"name": "Lena", "kind": [""], "number": [mine.customer.address]}
    saved = browser.post(f"/s/{mine.pk}/card/", typed, headers=PANEL)
    assert saved.headers["HX-Trigger"] == "parley:customer" and "Edit" in text(saved)
    mine.customer.refresh_from_db()
    assert mine.customer.card.name == "Lena" and mine.customer.card.made_by == anna
    assert "<h2><bdi>Lena</bdi>" in text(browser.get(f"/s/{mine.pk}/"))


def test_a_chat_joins_the_card_that_has_its_number(
    browser: Client, anna: Extension, lena: Card
) -> None:
    chat = CustomerFactory(network="whatsapp", address="41791112233")
    session = SessionFactory(holder=anna, customer=chat)
    earlier = SessionFactory(holder=anna, customer=lena.addresses.get(), last_text="By text")
    hidden = SessionFactory(
        holder=ExtensionFactory(), customer=lena.addresses.get(), last_text="Secret"
    )
    page = text(browser.get(f"/s/{session.pk}/panel/", headers=PANEL))
    assert "It is this one" in page and "Lena" in page
    joined = text(browser.post(f"/s/{session.pk}/join/", {"card": lena.pk}, headers=PANEL))
    chat.refresh_from_db()
    assert chat.card == lena and "Whatsapp" in joined
    assert f"/s/{earlier.pk}/" in joined and f"/s/{hidden.pk}/" not in joined
    assert "Secret" not in joined
    twice = browser.post(f"/s/{session.pk}/join/", {"card": card(anna, name="B").pk}, headers=PANEL)
    assert twice.status_code == 422 and "has a card already" in text(twice)


def test_tags_of_a_session_are_chosen_in_the_panel(browser: Client, mine: Session) -> None:
    late = Tag.objects.create(name="Late", colour="red")
    assert "tag-red" in text(browser.get(f"/s/{mine.pk}/panel/", headers=PANEL))
    address = f"/s/{mine.pk}/tags/"
    answer = browser.post(address, {"tag": ["Late", "Unknown"]}, headers=PANEL)
    assert "Late" in text(answer) and list(mine.tags.all()) == [late]
    assert "None" in text(browser.post(address, {}, headers=PANEL)) and not mine.tags.exists()


def test_the_panel_stays_as_the_agent_left_it(
    browser: Client, anna: Extension, mine: Session
) -> None:
    opened = text(browser.get(f"/s/{mine.pk}/"))
    assert 'id="panel"' in opened and "data-closed" not in opened
    for _ in range(2):
        assert browser.post("/panel/", {"open": "0"}).status_code == 204
    closed = text(browser.get(f"/s/{mine.pk}/"))
    assert "data-closed" in closed and 'aria-expanded="false"' in closed
    assert "data-open" in text(browser.get(f"/s/{mine.pk}/?panel=1"))
    browser.post("/panel/", {"open": "1"})
    assert not PanelClosed.objects.exists()


# --- what is not theirs ------------------------------------------------------------------------


def test_what_an_agent_may_not_see_is_a_404(
    browser: Client, anna: Extension, ben: Extension
) -> None:
    AddressBook.objects.create(pk=1, shared=False)
    secret = card(ben, name="Secret", email="same@x.example", numbers=[("", "+41791112233")])
    own = card(anna, name="Own", email="same@x.example")
    theirs = SessionFactory(holder=ben, customer=Customer.objects.get())
    mine = SessionFactory(holder=anna)
    base, session = f"/customers/{secret.pk}/", f"/s/{theirs.pk}/"
    gets = [base, f"{base}edit/", f"{base}merge/", f"/customers/{own.pk}/merge/?with={secret.pk}"]
    gets += [f"{session}panel/", f"{session}card/"]
    posts = [f"{base}edit/", f"{base}delete/", f"{base}merge/", f"{session}card/"]
    posts += [f"{session}join/", f"{session}tags/"]
    for headers in ({}, HTMX):
        for address in gets:
            answer = browser.get(address, headers=headers)
            assert answer.status_code == 404 and "Secret" not in text(answer), address
        for address in posts:
            assert browser.post(address, {"with": own.pk}, headers=headers).status_code == 404
    assert browser.post(f"/s/{mine.pk}/join/", {"card": secret.pk}).status_code == 404
    form = {"with": secret.pk}
    assert browser.post(f"/customers/{own.pk}/merge/", form).status_code == 404
    for address in ("/customers/?q=secret", f"/customers/{own.pk}/", "/customers/duplicates/"):
        assert "Secret" not in text(browser.get(address))
    assert "Secret" not in text(browser.get(f"/s/{mine.pk}/panel/?link=secret", headers=PANEL))


def test_sessions_are_not_shared_by_a_shared_card(
    browser: Client, ben: Extension, lena: Card
) -> None:
    theirs = SessionFactory(holder=ben, customer=lena.addresses.get(), last_text="Secret words")
    MessageFactory(session=theirs, text="Secret words", direction=Message.IN)
    page = text(browser.get(f"/customers/{lena.pk}/"))
    assert "Lena" in page and "Secret" not in page and f"/s/{theirs.pk}/" not in page


def test_strangers_log_in_first() -> None:
    assert "/login/" in Client().get("/customers/").headers["Location"]
