"""Who else is in a session: shown to those who see it, and forgotten by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from routing import desk, live, presence
from routing.inbox.choice import Choice
from routing.inbox.here import told
from routing.inbox.listing import listing
from routing.models import Extension, Queue, Session

from ..factories import ExtensionFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db
TAB = {**HTMX, "HX-Target": "main", "X-Parley-Tab": "a"}


@pytest.fixture
def waiting(queue: Queue) -> Session:
    return SessionFactory(queue=queue)


def words(extension: Extension, session: Session) -> str:
    return told(desk.others(extension, [session.pk]).get(session.pk, []))


def ping(extension: Extension, tab: str = "a", **form: Any) -> Any:
    return logged_in(extension).post("/here/", {"tab": tab, **form}, headers=HTMX)


def test_opening_a_session_shows_it_to_the_others_and_not_to_oneself(
    anna: Extension, ben: Extension, waiting: Session
) -> None:
    assert logged_in(anna).get(f"/s/{waiting.pk}/", headers=TAB).status_code == 200
    assert words(ben, waiting) == "Anna is viewing" and words(anna, waiting) == ""
    assert "Anna is viewing" in text(logged_in(ben).get(f"/s/{waiting.pk}/"))
    assert "Anna is viewing" in text(ping(ben, shown=waiting.pk))


def test_the_rows_of_the_list_show_it_at_no_query(
    anna: Extension, ben: Extension, queue: Queue, django_assert_num_queries: Any
) -> None:
    sessions = [SessionFactory(queue=queue) for _ in range(3)]
    choice = Choice()
    with CaptureQueriesContext(connection) as before:
        listing(ben, choice)
    asked = len(before)
    for session in sessions:
        ping(anna, session.pk, session=session.pk, state="replying")
    with django_assert_num_queries(asked):
        found = listing(ben, choice)
    assert [told(row.people) for row in found.rows] == ["Anna is typing…"] * 3
    assert text(logged_in(ben).get("/")).count("Anna is typing…") == 3


def test_typing_is_told_by_the_draft_and_by_a_report(
    anna: Extension, ben: Extension, waiting: Session
) -> None:
    page = logged_in(anna)
    page.post(f"/s/{waiting.pk}/draft/", {"text": "Dear"}, headers=TAB)
    assert words(ben, waiting) == ""  # the last words of a page that went do not bring it back
    ping(anna, session=waiting.pk)
    page.post(f"/s/{waiting.pk}/draft/", {"text": "Dear"}, headers=TAB)
    assert words(ben, waiting) == "Anna is typing…"
    page.post(f"/s/{waiting.pk}/draft/", {"text": ""}, headers=TAB)
    assert words(ben, waiting) == "Anna is viewing"
    ping(anna, session=waiting.pk, state="noting")
    assert words(ben, waiting) == "Anna writes a note…"


def test_two_tabs_are_one_person_who_goes_with_the_last(
    anna: Extension, ben: Extension, waiting: Session
) -> None:
    ping(anna, "a", session=waiting.pk, state="replying")
    ping(anna, "b", session=waiting.pk)
    assert words(ben, waiting) == "Anna is typing…"
    assert ping(anna, "a", left=1).status_code == 204
    assert words(ben, waiting) == "Anna is viewing"
    ping(anna, "b", left=1)
    assert words(ben, waiting) == "" and presence.everywhere() == {}


def test_a_tab_is_in_one_session_and_fades_after_half_a_minute(
    anna: Extension, ben: Extension, queue: Queue, waiting: Session
) -> None:
    other = SessionFactory(queue=queue)
    ping(anna, session=waiting.pk)
    ping(anna, session=other.pk)
    assert words(ben, waiting) == "" and words(ben, other) == "Anna is viewing"
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert words(ben, other) == "" and presence.everywhere() == {}


def test_colleagues_are_nudged_by_a_change_alone_and_by_name_alone(
    anna: Extension, waiting: Session, redis_server: redis.Redis, django_capture_on_commit_callbacks
) -> None:
    heard = redis_server.pubsub(ignore_subscribe_messages=True)
    heard.subscribe(live.CHANNEL)
    heard.get_message(timeout=1)
    with django_capture_on_commit_callbacks(execute=True):
        for state in ("viewing", "viewing", "replying", "replying"):
            ping(anna, session=waiting.pk, state=state)
        ping(anna, left=1)
    told = []
    while message := heard.get_message(timeout=0.05):
        told += json.loads(message["data"].partition(b" ")[2])
    assert told == [{"here": waiting.pk, "to": [f"queue:{waiting.queue_id}", "supervisors"]}] * 3


def test_a_stranger_learns_nothing_and_appears_nowhere(
    anna: Extension, ben: Extension, waiting: Session
) -> None:
    cem = ExtensionFactory(name="Cem")
    ping(anna, session=waiting.pk)
    assert ping(cem, session=waiting.pk).status_code == 404
    assert "Anna" not in text(ping(cem, shown=waiting.pk))
    assert logged_in(cem).get(f"/here/?session={waiting.pk}").status_code == 404
    assert words(ben, waiting) == "Anna is viewing"


def test_without_redis_nobody_is_there_and_nothing_fails(
    anna: Extension, waiting: Session, settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"
    for asked in (presence._client, presence._mover):
        asked.cache_clear()
        request.addfinalizer(asked.cache_clear)
    assert ping(anna, session=waiting.pk).status_code == 200
    assert logged_in(anna).get(f"/s/{waiting.pk}/", headers=TAB).status_code == 200
