"""What is done to many sessions at once, and its Undo."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from routing import desk
from routing.inbox.listing import listing
from routing.models import Extension, Queue, Session

from ..factories import ExtensionFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def post(browser: Client, act: str, *sessions: Session) -> str:
    form = {"act": act, "session": [session.pk for session in sessions]}
    answer = browser.post("/many/", form, headers=HTMX)
    assert answer.status_code == 200
    return text(answer)


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    return found[1] if found else ""


def test_archive_and_undo(browser: Client, anna: Extension) -> None:
    sessions = [SessionFactory(holder=anna) for _ in range(3)]
    desk.archive(anna, sessions[2])
    page = post(browser, "archive", *sessions)
    assert "2 sessions archived" in page and listing(anna).rows == []
    answer = browser.post("/many/undo/", {"token": token(page)}, headers=HTMX)
    assert "2 sessions back" in text(answer)
    # What was away before stays away: it was not this click that put it there.
    assert {row.session for row in listing(anna).rows} == set(sessions[:2])


def test_close_and_undo_unless_it_went_on(browser: Client, anna: Extension) -> None:
    sessions = [SessionFactory(holder=anna) for _ in range(3)]
    before = SessionFactory(holder=anna, closed_at=timezone.now() - timedelta(days=1))
    page = post(browser, "close", *sessions, before)
    assert "3 sessions closed" in page and not Session.objects.open().exists()
    number, customer = sessions[0].number, sessions[0].customer
    again = SessionFactory(holder=anna, number=number, customer=customer)
    answer = browser.post("/many/undo/", {"token": token(page)}, headers=HTMX)
    assert "2 sessions back" in text(answer)
    assert set(Session.objects.open()) == {again, *sessions[1:]}
    line = sessions[1].messages.last()
    assert line.event == "reopened" and line.text == "Anna opened the session again"
    twice = browser.post("/many/undo/", {"token": token(page)}, headers=HTMX)
    assert "0 sessions back" in text(twice)


def test_others_sessions_are_left_alone(browser: Client, anna: Extension) -> None:
    theirs = SessionFactory(holder=ExtensionFactory())
    for act in ("close", "archive"):
        page = post(browser, act, theirs)
        assert "0 sessions" in page and token(page) == ""
    theirs.refresh_from_db()
    assert theirs.closed_at is None and not theirs.archivings.exists()


def test_undo_is_for_the_agent_who_did_it_and_for_a_short_time(
    browser: Client, anna: Extension, ben: Extension, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = post(browser, "archive", SessionFactory(holder=anna))
    for agent, given in ((ben, token(page)), (anna, token(page) + "x"), (anna, "")):
        answer = logged_in(agent).post("/many/undo/", {"token": given}, headers=HTMX)
        assert answer.status_code == 422 and "Too late" in text(answer)
    later = signing.time.time() + 61
    monkeypatch.setattr(signing.time, "time", lambda: later)
    late = browser.post("/many/undo/", {"token": token(page)}, headers=HTMX)
    assert late.status_code == 422 and listing(anna).rows == []


def test_nonsense_and_other_methods(browser: Client) -> None:
    answer = browser.post("/many/", {"act": "x", "session": ["x", "-1", "9" * 30]}, headers=HTMX)
    assert answer.status_code == 200 and "0 sessions" in text(answer)
    assert browser.get("/many/").status_code == browser.get("/many/undo/").status_code == 405
    assert browser.post("/many/", {"act": "archive"}).headers["Location"] == "/"


def test_assign_to_a_colleague_or_a_queue_and_undo(
    browser: Client, anna: Extension, ben: Extension, queue: Queue
) -> None:
    dialog = text(browser.get("/many/assign/", headers=HTMX))
    assert "Ben" in dialog and "Support" in dialog and ">Me</option>" in dialog
    sessions = [SessionFactory(holder=anna, queue=queue), SessionFactory(queue=queue)]
    theirs = SessionFactory(holder=ExtensionFactory())
    form = {"act": "assign", "to": f"extension:{ben.pk}"}
    form["session"] = [each.pk for each in (*sessions, theirs)]
    page = text(browser.post("/many/", form, headers=HTMX))
    assert "2 sessions assigned to Ben" in page
    assert set(Session.objects.filter(holder=ben)) == set(sessions)
    desk.transfer(ben, Session.objects.get(pk=sessions[0].pk), queue)
    answer = browser.post("/many/undo/", {"token": token(page)}, headers=HTMX)
    assert "1 session back" in text(answer)
    back = Session.objects.get(pk=sessions[1].pk)
    assert back.holder is None and back.queue == queue


@pytest.mark.parametrize("to", ["", "platform:1", "extension:x"])
def test_assigning_to_nobody_is_refused(browser: Client, anna: Extension, to: str) -> None:
    form = {"act": "assign", "to": to, "session": SessionFactory(holder=anna).pk}
    answer = browser.post("/many/", form, headers=HTMX)
    assert answer.status_code == 422 and "Choose who gets" in text(answer)
