"""Drafts: kept on the server, one for each agent and session, gone once sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing import live
from routing.models import Draft, Extension, Message, Queue, Session

from ..factories import ExtensionFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(queue: Queue) -> Session:
    return SessionFactory(queue=queue)


def test_draft_is_in_every_browser_of_its_agent_alone(
    browser: Client, anna: Extension, ben: Extension, waiting: Session
) -> None:
    for typed in ("Dear", "Dear <b>customer"):
        answer = browser.post(f"/s/{waiting.pk}/draft/", {"text": typed}, headers=HTMX)
        assert answer.status_code == 204
    assert ">Dear &lt;b&gt;customer</textarea>" in text(logged_in(anna).get(f"/s/{waiting.pk}/"))
    assert "Dear" not in text(logged_in(ben).get(f"/s/{waiting.pk}/"))
    assert Draft.objects.count() == 1


def test_emptied_draft_is_gone(browser: Client, waiting: Session) -> None:
    for typed in ("Dear", ""):
        browser.post(f"/s/{waiting.pk}/draft/", {"text": typed})
    assert not Draft.objects.exists()


def test_sending_takes_the_draft_away(browser: Client, ben: Extension, waiting: Session) -> None:
    browser.post(f"/s/{waiting.pk}/draft/", {"text": "Hello"})
    logged_in(ben).post(f"/s/{waiting.pk}/draft/", {"text": "Hi"})
    sent = browser.post(
        f"/s/{waiting.pk}/write/", {"text": "Hello", "client_key": "k"}, headers=HTMX
    )
    assert "></textarea>" in text(sent)
    assert Draft.objects.get().extension == ben


def test_refused_text_stays_a_draft(browser: Client, waiting: Session) -> None:
    browser.post(f"/s/{waiting.pk}/draft/", {"text": "Hello"})
    waiting.close()
    refused = browser.post(f"/s/{waiting.pk}/write/", {"text": "Hello"}, headers=HTMX)
    assert refused.status_code == 422 and not Message.objects.exists()
    assert Draft.objects.get().text == "Hello"


def test_agents_other_browsers_are_told_after_the_commit(
    browser: Client,
    anna: Extension,
    waiting: Session,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(live, "nudge", lambda to, **fields: told.append((list(to), fields)))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/s/{waiting.pk}/draft/", {"text": "Dear", "tab": "t1"})
    assert told == [([f"extension:{anna.pk}"], {"draft": waiting.pk, "tab": "t1"})]


def test_nobody_keeps_a_draft_in_anothers_session(browser: Client) -> None:
    theirs = SessionFactory(holder=ExtensionFactory())
    assert browser.post(f"/s/{theirs.pk}/draft/", {"text": "x"}).status_code == 404
    assert not Draft.objects.exists()


def test_zero_bytes_do_no_harm(browser: Client, waiting: Session) -> None:
    assert browser.post(f"/s/{waiting.pk}/draft/", {"text": "a\0b"}).status_code == 204
    assert Draft.objects.get().text == "ab"
