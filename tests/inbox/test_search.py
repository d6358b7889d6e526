"""Searching from the list: what is found, how it is shown, and what is not told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from routing.inbox.marking import Asked, excerpt, marked
from routing.models import Extension, Queue, Session

from ..factories import (
    CustomerFactory,
    ExtensionFactory,
    MessageFactory,
    NumberFactory,
    QueueFactory,
    SessionFactory,
)
from .conftest import text

pytestmark = pytest.mark.django_db


def of(extension: Extension, **customer: Any) -> Session:
    return SessionFactory(holder=extension, customer=CustomerFactory(**customer))


def rows(page: str) -> int:
    return len(re.findall(r'id="(?:row|hit)-\d+"', page))


def test_text_is_found_marked_and_linked(browser: Client, anna: Extension) -> None:
    session = of(anna, name="Lena")
    message = MessageFactory(session=session, text="Where is my <b>Päckchen</b> today?")
    page = text(browser.get("/", {"q": "packchen"}))
    assert "my &lt;b&gt;<mark>Päckchen</mark>&lt;/b&gt; today" in page
    address = f"/s/{session.pk}/?q=packchen&amp;message={message.pk}#m{message.pk}"
    assert address in page
    lasting = browser.get(f"/sessions/{session.pk}/?message={message.pk}")
    assert lasting.headers["Location"] == f"/s/{session.pk}/?message={message.pk}"


@pytest.mark.parametrize(
    "question",
    ["+41791112233", "41791112233", "0041 79 111 22 33", "079 111 22 33", "79-111", "2233"],
)
def test_number_is_found_however_it_is_written(
    browser: Client, anna: Extension, question: str
) -> None:
    session = of(anna, address="+41791112233", name="Lena")
    of(anna, address="+41795554444")
    page = text(browser.get("/", {"q": question}))
    assert f'id="row-{session.pk}"' in page and rows(page) == 1
    assert "<mark>" in page


def test_name_is_found_by_its_beginnings(browser: Client, anna: Extension) -> None:
    session = of(anna, name="Léna Meyer")
    for question in ("lena", "MEY", "mey len"):
        page = text(browser.get("/", {"q": question}))
        assert f'id="row-{session.pk}"' in page and "<mark>" in page
    assert "Nothing found for" in text(browser.get("/", {"q": "eyer"}))


def test_nothing_of_others_is_found(browser: Client, anna: Extension, queue: Queue) -> None:
    customer = CustomerFactory(name="Zebra", address="+41790000999")
    hidden = [
        SessionFactory(holder=ExtensionFactory(), customer=customer),
        SessionFactory(holder=ExtensionFactory(), queue=queue, customer=customer),
        SessionFactory(queue=QueueFactory(), customer=customer),
    ]
    for session in hidden:
        MessageFactory(session=session, text="zebra crossing")
    for question in ("zebra", "crossing", "0790000999"):
        page = text(browser.get("/", {"q": question}))
        assert rows(page) == 0 and "Nothing found" in page and "crossing</mark>" not in page
    shared = SessionFactory(queue=queue, customer=customer)
    MessageFactory(session=shared, text="zebra crossing")
    assert rows(text(browser.get("/", {"q": "crossing"}))) == 1


HOSTILE = [*"\"'*-+\\\x00", "a OR b", "NEAR(", "%_", "&|!:*", "<script>", "٣٤٥", "²²²", "x" * 5000]
HOSTILE += ["🙂 🙂", "\u202etxet", "(079", "1" * 400]


@pytest.mark.parametrize("question", HOSTILE)
def test_no_question_is_an_error(browser: Client, anna: Extension, question: str) -> None:
    MessageFactory(session=of(anna), text="hello <script> 🙂")
    page = browser.get("/", {"q": question})
    assert page.status_code == 200 and "<script>" not in text(page).replace("<script type", "")


def test_older_hits_follow_without_gap_or_double(browser: Client, anna: Extension) -> None:
    session = of(anna)
    for n in range(70):
        MessageFactory(session=session, text=f"needle {n}")
    MessageFactory(session=session, text="hay")
    page, found = text(browser.get("/", {"q": "needle"})), []
    for size in (30, 30, 10):
        hits = re.findall(r'id="hit-(\d+)"', page)
        assert len(hits) == size
        found += hits
        older = re.search(r'hx-get="(/\?[^"]*before=\d+)"', page)
        if older:
            address = older[1].replace("&amp;", "&")
            page = text(browser.get(address, headers={"HX-Request": "true"}))
    assert found == sorted(found, key=int, reverse=True) and len(set(found)) == 70
    assert "That is everything" in page


def test_sought_message_is_shown_with_what_stands_around(browser: Client, mine: Session) -> None:
    messages = [MessageFactory(session=mine, text=f"number {n}") for n in range(120)]
    sought = messages[40]
    page = text(browser.get(f"/s/{mine.pk}/?message={sought.pk}"))
    shown = [int(key) for key in re.findall(r'data-message="(\d+)"', page)]
    assert shown == [message.pk for message in messages[30:]]
    assert "Earlier messages" in page
    first = text(browser.get(f"/s/{mine.pk}/?message={messages[0].pk}"))
    assert "Earlier messages" not in first and f'id="m{messages[0].pk}"' in first
    stranger = MessageFactory()
    for key in (stranger.pk, "x", "9" * 30, ""):
        page = text(browser.get(f"/s/{mine.pk}/", {"message": key}))
        assert f'id="m{stranger.pk}"' not in page and f'id="m{messages[-1].pk}"' in page


def test_excerpt_begins_near_the_hit() -> None:
    shown = excerpt("word " * 100 + "needle & more", Asked.of("needle"))
    assert shown.startswith("…word ") and shown.endswith("<mark>needle</mark> &amp; more")
    assert len(excerpt("x" * 9000, Asked.of("needle"))) < 200
    assert marked("e\u0301cole", Asked.of("ecole")).startswith("<mark>e")
    assert marked("STRASSE ﬁn", Asked.of("fin stra")) == "<mark>STRA</mark>SSE <mark>ﬁn</mark>"


@pytest.mark.parametrize("many", [1, 40])
def test_search_costs_at_most_twelve_queries(
    browser: Client, anna: Extension, many: int, django_assert_max_num_queries: Any
) -> None:
    number = NumberFactory()
    queues = [QueueFactory(members=[anna]) for _ in range(min(many, 8))]
    for n in range(many):
        session = SessionFactory(
            holder=anna, number=number, customer=CustomerFactory(name=f"Needle {n}")
        )
        MessageFactory(session=session, text="needle", answer=n % 2 == 0)
        SessionFactory(queue=queues[n % len(queues)], number=number)
    addresses = ["/?q=needle", f"/?q=needle&channel={number.channel_id}&state=unread"]
    for address in [*addresses, f"/s/{session.pk}/?q=needle"]:
        with django_assert_max_num_queries(12):
            assert browser.get(address).status_code == 200
