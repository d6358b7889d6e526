"""Private notes: never sent, for agents alone; who is mentioned may look in, and do no more."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing import desk
from routing.models import Attachment, Extension, Mention, Message, Session
from routing.phone.screen import screen

from ..factories import ExtensionFactory, MessageFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def note(browser: Client, session: Session, words: str, **fields: Any) -> Any:
    return browser.post(f"/s/{session.pk}/note/", {"note": words, **fields}, headers=HTMX)


def test_a_note_stands_in_the_thread_and_goes_nowhere(browser: Client, mine: Session) -> None:
    MessageFactory(session=mine, text="Where is it?")
    before = Session.objects.get()
    shown = text(note(browser, mine, "Calls every day <b>"))
    assert "Note by Anna" in shown and "Calls every day &lt;b&gt;" in shown
    assert not Message.objects.filter(status=Message.QUEUED).exists()
    assert not Message.objects.filter(direction=Message.OUT).exists()
    assert [each.message.text for each in screen(mine.number, mine.customer.address)] == [
        "Where is it?"
    ]
    mine.refresh_from_db()
    assert (mine.last_text, mine.last_at) == (before.last_text, before.last_at)


def test_a_note_is_added_once_however_often_it_is_asked(browser: Client, mine: Session) -> None:
    for _ in range(2):
        assert note(browser, mine, "Once", client_key="k").status_code == 200
    assert Message.objects.count() == 1


@pytest.mark.parametrize("words", ["", "  \n", "x" * 10_001])
def test_what_is_no_note_is_refused(browser: Client, mine: Session, words: str) -> None:
    assert note(browser, mine, words).status_code == 422
    assert not Message.objects.exists()


def test_closed_sessions_take_notes(browser: Client, mine: Session) -> None:
    mine.close()
    assert note(browser, mine, "Was solved by phone").status_code == 200


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("@Ben look", ["Ben"]),
        ("(@ben)", ["Ben"]),
        ("@Ben Miller, and @2001", ["Ben Miller", "Cem"]),
        ("@Bent or a@Ben or Ben", []),
        ("@Ben @ben @2000", ["Ben"]),
    ],
)
def test_who_is_mentioned(words: str, called: list[str]) -> None:
    ExtensionFactory(name="Ben", number="2000")
    ExtensionFactory(name="Cem", number="2001")
    ExtensionFactory(name="Ben Miller", number="2002")
    assert sorted(each.name for each in desk.mentioned(words)) == called


def test_who_is_mentioned_may_read_and_note_and_nothing_else(
    browser: Client, anna: Extension, ben: Extension
) -> None:
    theirs = SessionFactory(holder=anna)
    message = MessageFactory(session=theirs, text="Secret", answer=True, status=Message.FAILED)
    file = Attachment.objects.create(message=message, name="x", content_type="image/png")
    guest, base = logged_in(ben), f"/s/{theirs.pk}/"
    for address in (base, f"{base}news/"):
        assert guest.get(address).status_code == 404
    assert note(guest, theirs, "x").status_code == 404
    note(browser, theirs, "@Ben please look")
    page = text(guest.get(base))
    assert "Secret" in page and "Anna (" in page and "answers here. You can add a note." in page
    for button in ("act-close", "act-transfer", "act-archive", 'id="write"', "retry-"):
        assert button not in page
    assert guest.get(f"{base}news/", headers=HTMX).status_code == 200
    assert "Note by Ben" in text(note(guest, theirs, "Done"))
    for name in ("write", "pick-up", "transfer", "close", "archive", "unarchive", "draft"):
        assert guest.post(f"{base}{name}/", {"text": "x"}).status_code == 404, name
    for name in (f"messages/{message.pk}/retry/", f"messages/{message.pk}/undo/"):
        assert guest.post(f"{base}{name}").status_code == 404, name
    assert guest.get(f"{base}canned/").status_code == 404
    assert Attachment.objects.filter(pk=file.pk).exists()
    assert f"row-{theirs.pk}" not in text(guest.get("/"))


def test_a_mention_is_counted_until_it_is_seen(
    browser: Client, anna: Extension, ben: Extension, mine: Session
) -> None:
    guest = logged_in(ben)
    note(browser, mine, "@Ben and @Anna")
    assert Mention.objects.count() == 1  # nobody calls themselves
    assert ">1<span" in text(guest.get("/mentions/count/"))
    assert text(browser.get("/mentions/count/")).strip() == ""
    assert "New" in text(guest.get("/mentions/", headers=HTMX))
    guest.get(f"/s/{mine.pk}/")
    assert text(guest.get("/mentions/count/")).strip() == ""
    assert "@Ben and @Anna" in text(guest.get("/mentions/"))
    assert "@Ben and @Anna" not in text(browser.get("/mentions/"))


def test_colleagues_are_offered_by_name_and_namesakes_by_number(
    browser: Client, ben: Extension
) -> None:
    for number in ("3001", "3002"):
        ExtensionFactory(name="Eva", number=number)
    found = text(browser.get("/colleagues/", headers=HTMX))
    assert 'data-insert="@Ben "' in found and 'data-insert="@3001 "' in found
    assert "Anna" not in found


def test_thread_asks_few_questions(
    browser: Client,
    anna: Extension,
    ben: Extension,
    mine: Session,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(60):
        MessageFactory(session=mine, answer=n % 2 == 0, author=ben if n % 2 == 0 else None)
    note(browser, mine, "@Ben")
    for address in (f"/s/{mine.pk}/", f"/s/{mine.pk}/news/"):
        with django_assert_max_num_queries(12):
            assert browser.get(address, headers=HTMX).status_code == 200
