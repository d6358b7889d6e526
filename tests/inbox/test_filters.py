"""The list's filters: what they leave, and that each state is an address."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from routing.inbox.choice import Choice
from routing.inbox.listing import listing
from routing.models import Extension, Message, Queue, SavedView, Session

from ..factories import (
    ChannelFactory,
    ExtensionFactory,
    MessageFactory,
    NumberFactory,
    QueueFactory,
    RuleFactory,
    SessionFactory,
)
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def shown(extension: Extension, query: str) -> set[Session]:
    return {row.session for row in listing(extension, Choice.of(QueryDict(query))).rows}


def test_each_filter_leaves_what_it_says(anna: Extension, queue: Queue) -> None:
    plain = SessionFactory(holder=anna, last_inbound=False)
    unread = SessionFactory(holder=anna, unread=2, last_inbound=False)
    asking = SessionFactory(queue=queue, last_inbound=True)
    closed = SessionFactory(holder=anna, last_inbound=True, closed_at=timezone.now())
    failed = SessionFactory(holder=anna, last_inbound=False)
    MessageFactory(session=failed, answer=True, status=Message.FAILED)
    old = SessionFactory(
        holder=anna, last_inbound=False, last_at=timezone.now() - timedelta(days=9)
    )
    assert shown(anna, "state=unread") == {unread}
    assert shown(anna, "state=waiting") == {asking}
    assert shown(anna, "state=failed") == shown(anna, "view=failed") == {failed}
    assert shown(anna, f"queue={queue.pk}") == {asking}
    assert shown(anna, f"channel={plain.channel_id}") == {plain}
    day = (timezone.localdate() - timedelta(days=2)).isoformat()
    assert shown(anna, f"since={day}") == {plain, unread, asking, closed, failed}
    assert old in shown(anna, "") and shown(anna, f"view=mine&queue={queue.pk}") == set()


def test_failed_section_counts_and_empties_by_retry_or_archive(anna: Extension) -> None:
    session = SessionFactory(holder=anna)
    message = MessageFactory(session=session, answer=True, status=Message.UNKNOWN)
    failed = {section.name: section.found for section in listing(anna).sections}["Failed"]
    assert failed == 1
    message.retry()
    assert shown(anna, "view=failed") == set()


def test_section_has_ninety_nine_and_more(browser: Client, anna: Extension) -> None:
    number = NumberFactory()
    for _ in range(101):
        SessionFactory(holder=anna, number=number)
    assert text(browser.get("/?view=archived")).count("99+") == 2  # Mine and All


def test_filters_stay_in_every_address(browser: Client, anna: Extension) -> None:
    number = NumberFactory()
    for _ in range(51):
        SessionFactory(holder=anna, number=number, unread=1)
    page = text(browser.get("/?view=mine&state=unread&queue=&since="))
    assert re.search(r'href="/s/\d+/\?view=mine&amp;state=unread"', page)
    assert "/?view=mine&amp;state=unread&amp;before=" in page
    chip = re.search(r'class="chip" href="([^"]*)".*?<bdi>([^<]*)', page, re.S)
    assert chip and chip.groups() == ("/?view=mine", "Unread")
    older = re.search(r'hx-get="([^"]*before=[^"]*)"', page)
    rest = text(browser.get(older[1].replace("&amp;", "&")))  # without a script it is a page
    assert "<html" in rest and rest.count('id="row-') == 1
    htmx = {"HX-Request": "true", "HX-Target": "list"}
    answer = browser.get("/?view=mine&state=&queue=&since=", headers=htmx)
    assert answer.headers["HX-Push-Url"] == "/?view=mine"


def test_form_offers_the_agents_own_queues_and_channels(
    browser: Client, anna: Extension, queue: Queue
) -> None:
    own, other = ChannelFactory(name="Own"), ChannelFactory(name="Secret channel")
    RuleFactory(number=NumberFactory(channel=own), queue=queue)
    RuleFactory(number=NumberFactory(channel=other), queue=QueueFactory(name="Secret queue"))
    form = text(browser.get(f"/filters/?queue={queue.pk}&view=mine"))
    assert "Own" in form and f'value="{queue.pk}" selected' in form and "Secret" not in form
    assert 'name="view" value="mine"' in form


def test_strangers_queue_or_channel_in_the_address_tells_nothing(
    browser: Client, anna: Extension
) -> None:
    theirs = QueueFactory(name="Secret queue", members=[ExtensionFactory()])
    session = SessionFactory(queue=theirs)
    for query in (f"view=queue-{theirs.pk}", f"queue={theirs.pk}", f"channel={session.channel_id}"):
        page = browser.get(f"/?{query}")
        assert page.status_code == 200 and "Secret" not in text(page)
        assert session.channel.name not in text(page)


NONSENSE = """
view=x view=queue- view=queue-99999999999999999999 channel=x queue=-1 since=2026-13-45
since=0001-01-01 since=x since=9999-12-31 state=<b> before=x before=1-1
q=x&before=99999999999999999999 view=mine&before=99999999999999999-1
"""


@pytest.mark.parametrize("query", NONSENSE.split())
def test_nonsense_in_the_address_is_no_error(browser: Client, anna: Extension, query: str) -> None:
    SessionFactory(holder=anna)
    for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Target": "list"}):
        assert browser.get(f"/?{query}", headers=headers).status_code == 200


@pytest.mark.parametrize("many", [1, 60])
def test_filtered_pages_cost_at_most_twelve_queries(
    browser: Client, anna: Extension, many: int, django_assert_max_num_queries: Any
) -> None:
    number = NumberFactory()
    queues = [QueueFactory(members=[anna]) for _ in range(min(many, 12))]
    for n in range(many):
        session = SessionFactory(holder=anna, number=number, unread=1)
        MessageFactory(session=session, answer=True, status=Message.FAILED)
        SessionFactory(queue=queues[n % len(queues)], number=number)
    query = f"?channel={number.channel_id}&state=unread&since=2020-01-01"
    for address in (f"/{query}", f"/s/{session.pk}/{query}", "/?view=failed", f"/filters/{query}"):
        with django_assert_max_num_queries(12):
            assert browser.get(address).status_code == 200


def test_a_view_is_a_name_for_an_address(
    browser: Client, anna: Extension, ben: Extension, queue: Queue
) -> None:
    form = {"name": " Old ones ", "query": "?view=unassigned&sort=waiting&x=1"}
    assert browser.post("/views/", form, headers=HTMX).headers["HX-Trigger-After-Settle"]
    (view,) = SavedView.objects.all()
    assert (view.name, view.query) == ("Old ones", "?view=unassigned&sort=waiting")
    page = text(browser.get(f"/{view.query}"))
    link = page[page.index(f'id="view-{view.pk}"') :].partition("</a>")[0]
    assert "Old ones" in link and "aria-current" in link
    assert "Old ones" not in text(logged_in(ben).get("/"))
    browser.post("/views/", {**form, "shared": "on"}, headers=HTMX)
    assert SavedView.objects.count() == 1
    assert "Old ones" in text(logged_in(ben).get("/"))
    assert logged_in(ben).post(f"/views/{view.pk}/drop/").status_code == 404
    browser.post(f"/views/{view.pk}/drop/")
    assert not SavedView.objects.exists()


def test_a_view_needs_a_name_and_a_choice(browser: Client) -> None:
    for form in ({"name": " ", "query": "?view=mine"}, {"name": "All", "query": "?nonsense=1"}):
        assert browser.post("/views/", form, headers=HTMX).status_code == 422
    assert not SavedView.objects.exists()
