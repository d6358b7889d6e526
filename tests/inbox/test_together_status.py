"""The agent's own status, and what it does with their sessions."""

from __future__ import annotations

import pytest
from django.test import Client

from routing.models import AgentSettings, AgentStatus, Extension, Queue, Session

from ..factories import SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def test_the_menu_shows_and_changes_it(browser: Client, anna: Extension) -> None:
    assert 'data-state="available"' in text(browser.get("/"))
    answer = text(browser.post("/status/", {"state": "busy"}, headers=HTMX))
    assert 'data-state="busy"' in answer and AgentStatus.of(anna).state == "busy"
    assert 'data-state="busy"' in text(browser.get("/status/", headers=HTMX))
    browser.post("/status/", {"state": "asleep"}, headers=HTMX)
    assert AgentStatus.of(anna).state == "busy"


def test_away_and_hand_over_says_before_what_it_will_do(
    browser: Client, anna: Extension, mine: Session, queue: Queue
) -> None:
    stays = SessionFactory(holder=anna)
    dialog = text(browser.get("/status/away/", headers=HTMX))
    assert "1 session goes to Support." in dialog and "1 session stays with you" in dialog
    mine.refresh_from_db()
    assert mine.holder == anna
    answer = text(browser.post("/status/away/", headers=HTMX))
    assert 'data-state="away"' in answer and "1 session waits again" in answer
    mine.refresh_from_db()
    stays.refresh_from_db()
    assert (mine.holder, mine.queue, stays.holder) == (None, queue, anna)


def test_all_of_ones_sessions_go_to_a_colleague_and_come_back_by_undo(
    browser: Client, anna: Extension, ben: Extension, mine: Session
) -> None:
    other = SessionFactory(holder=ben)
    page = text(browser.get("/status/hand-over/", headers=HTMX))
    assert f'name="session" value="{mine.pk}"' in page and f'value="{other.pk}"' not in page
    assert "Ben (" in page and "Anna (" not in page
    form = {"act": "assign", "session": [mine.pk, other.pk], "to": f"extension:{ben.pk}"}
    answer = text(browser.post("/many/", form, headers=HTMX))
    assert "1 session assigned to Ben" in answer and 'name="token"' in answer


def test_the_time_after_which_one_is_away_is_a_setting(browser: Client, anna: Extension) -> None:
    assert browser.post("/settings/", {"away_minutes": "15"}, headers=HTMX).status_code == 200
    assert AgentSettings.of(anna).away_minutes == 15
    assert 'data-away="15"' in text(logged_in(anna).get("/"))
    assert browser.post("/settings/", {"away_minutes": "7"}, headers=HTMX).status_code == 422
