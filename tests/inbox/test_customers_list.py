"""Customers and tags in the list: marks on its lines, filters, search, and tagging many."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from routing.desk import cards
from routing.desk.card_facts import clean
from routing.inbox.choice import Choice
from routing.inbox.listing import listing
from routing.models import CardField, Extension, Session, Tag

from ..factories import ExtensionFactory, SessionFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


def shown(extension: Extension, query: str) -> set[Session]:
    return {row.session for row in listing(extension, Choice.of(QueryDict(query))).rows}


@pytest.fixture
def known(anna: Extension) -> Session:
    """A session of a VIP with a tag and a field; it has a tag of its own."""
    session = SessionFactory(holder=anna)
    tags = [Tag.objects.create(name=name, colour="red") for name in ("Gold", "Late")]
    field = CardField.objects.create(name="Contract", kind="choice", choices="Yearly\nMonthly")
    typed = {"name": "Léna", "company": "Sons", "vip": True, "tags": ["Gold"]}
    cards.keep(anna, None, clean({**typed, f"field-{field.pk}": "yearly"}), session.customer)
    session.tags.add(tags[1])
    return session


def test_a_line_shows_the_card_s_name_the_mark_and_the_tags(
    browser: Client, known: Session
) -> None:
    page = text(browser.get("/"))
    row = page.partition(f'id="row-{known.pk}"')[2].partition("</li>")[0]
    for part in ("Léna", ", VIP", "Gold", "Late", "tag-red"):
        assert part in row, part
    assert text(browser.get("/?q=lena")).count(f'id="row-{known.pk}"') == 1


def test_filters_by_tag_field_and_vip_with_chips(
    browser: Client, anna: Extension, known: Session
) -> None:
    plain = SessionFactory(holder=anna)
    gold, late = Tag.objects.order_by("name")
    field = CardField.objects.get()
    for query in (f"tag={gold.pk}", f"tag={late.pk}", f"field={field.pk}:Yearly", "state=vip"):
        assert shown(anna, query) == {known}, query
    assert shown(anna, f"field={field.pk}:Monthly") == set()
    for nonsense in ("tag=x", "field=x", "field=:", "field=99999999999999999999:a", "field=1:"):
        assert shown(anna, nonsense) == {known, plain}
    page = text(browser.get(f"/?tag={gold.pk}&field={field.pk}:Yearly"))
    assert "<bdi>Gold</bdi>" in page and "<bdi>Contract: Yearly</bdi>" in page
    form = text(browser.get(f"/filters/?tag={gold.pk}"))
    assert f'value="{gold.pk}" selected' in form and f'value="{field.pk}:Monthly"' in form


def test_tag_many_and_undo(browser: Client, anna: Extension, known: Session) -> None:
    other, theirs = SessionFactory(holder=anna), SessionFactory(holder=ExtensionFactory())
    late = Tag.objects.get(name="Late")
    assert "Late" in text(browser.get("/many/tag/", headers=HTMX))
    chosen = [known.pk, other.pk, theirs.pk]
    form: dict[str, Any] = {"act": "tag", "tag": late.pk, "session": chosen}
    done = text(browser.post("/many/", form, headers=HTMX))
    assert "1 session tagged “Late”" in done and list(other.tags.all()) == [late]
    assert not theirs.tags.exists()
    token = re.search(r'name="token" value="([^"]+)"', done)
    assert token
    back = text(browser.post("/many/undo/", {"token": token[1]}, headers=HTMX))
    assert "Tag taken back from 1 session" in back
    assert not other.tags.exists() and list(known.tags.all()) == [late]
    wrong = browser.post("/many/", {"act": "tag", "tag": "x", "session": chosen}, headers=HTMX)
    assert wrong.status_code == 422
