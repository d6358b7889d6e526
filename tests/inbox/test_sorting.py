"""The orders of the list: what comes first, and pages that neither lose nor repeat anything."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from routing.inbox import listing as listing_module
from routing.inbox.choice import Choice
from routing.inbox.listing import listing
from routing.inbox.sorting import ORDERS
from routing.models import Extension, Queue, Session

from ..factories import NumberFactory, SessionFactory
from .conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(anna: Extension, queue: Queue) -> list[Session]:
    number, now, chance = NumberFactory(), timezone.now(), random.Random(7)
    return [
        SessionFactory(
            number=number,
            holder=anna if n % 3 else None,
            queue=queue,
            priority=chance.choice([0, 0, 1, 2]),
            last_inbound=n % 2 == 0,
            last_at=now - timedelta(minutes=chance.randrange(9)),
            closed_at=now if n % 11 == 5 else None,
        )
        for n in range(30)
    ]


@pytest.mark.parametrize("sort", ORDERS)
def test_pages_follow_each_order(
    anna: Extension, some: list[Session], sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_module, "PAGE", 7)
    order, found, before, keys = ORDERS[sort], [], "", []
    while True:
        page = listing(anna, Choice(sort=sort), before)
        found += [row.session for row in page.rows]
        keys += [row.cursor for row in page.rows]
        if not page.more:
            break
        before = page.older.partition("before=")[2]
    wanted = [s for s in some if s.closed_at is None or not order.open]
    wanted = [s for s in wanted if s.last_inbound or not order.owed]
    wanted.sort(key=lambda s: [getattr(s, field) for field in order.fields], reverse=order.down)
    assert found == wanted
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize("place", ["", "x-1", "1-", "-1", "9" * 20 + "-1", "1-1-1", "\u0661-1"])
def test_a_place_that_is_none_ends_the_list(
    anna: Extension, some: list[Session], place: str
) -> None:
    assert ORDERS[""].after(place) is None
    if place:
        assert listing(anna, Choice(), place).rows == []


def test_the_order_is_in_the_address_and_turns(browser: Client, some: list[Session]) -> None:
    page = text(browser.get("/?view=unassigned&sort=waiting"))
    assert "Waiting longest first" in page
    assert "/?view=unassigned&amp;sort=latest" in page
    assert "/?view=unassigned&amp;sort=created" in page
    assert Choice.of(QueryDict("sort=nonsense")).sort == ""
    assert "sort=" not in text(browser.get("/?view=archived")).partition('id="rows-box"')[2]
