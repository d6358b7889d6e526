"""Supervisors see and reassign everything, read without being seen, and leave a trace of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from routing import desk, presence
from routing.inbox import stream
from routing.inbox.hub import Refused
from routing.models import AgentStatus, Attachment, Extension, Listening, Queue, Session

from ..factories import ExtensionFactory, MessageFactory, QueueFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "close_old_connections", lambda: None)


@pytest.fixture
def boss() -> Extension:
    made = ExtensionFactory(name="Boss")
    made.user.user_permissions.add(Permission.objects.get(codename="supervise"))
    return made


@pytest.fixture
def theirs(anna: Extension, queue: Queue) -> Session:
    session = SessionFactory(holder=anna, queue=queue)
    MessageFactory(session=session, text="Very <secret>")
    return session


def test_the_overview_tells_who_does_what(
    boss: Extension, anna: Extension, ben: Extension, theirs: Session, queue: Queue
) -> None:
    waiting = SessionFactory(queue=queue, last_text="Anybody?")
    AgentStatus.change(ben, AgentStatus.BUSY)
    presence.move((anna.pk, anna.name), "t", theirs.pk, presence.REPLYING)
    page = text(logged_in(boss).get("/supervise/", headers=HTMX))
    assert "Support" in page and "Busy" in page
    assert "typing to" in page and str(theirs.customer) in page
    page = text(logged_in(boss).get(f"/supervise/?queue={queue.pk}", headers=HTMX))
    assert "Anybody?" in page and f"/supervise/s/{waiting.pk}/" in page
    page = text(logged_in(boss).get(f"/supervise/?agent={anna.pk}", headers=HTMX))
    assert f"/supervise/s/{theirs.pk}/" in page and "Anybody?" not in page


def test_the_overview_costs_the_same_for_any_number(
    boss: Extension, django_assert_max_num_queries: Any
) -> None:
    browser = logged_in(boss)
    for n in range(15):
        member = ExtensionFactory()
        session = SessionFactory(holder=member, queue=QueueFactory(members=[member]))
        presence.move((member.pk, member.name), str(n), session.pk)
    last = session.queue_id
    for address in ("/supervise/", f"/supervise/?queue={last}"):
        with django_assert_max_num_queries(12):
            assert browser.get(address, headers=HTMX).status_code == 200


def test_reading_is_unseen_by_the_session_and_kept_for_administrators(
    boss: Extension, anna: Extension, theirs: Session
) -> None:
    theirs.refresh_from_db()
    Session.objects.update(unread=3)
    browser = logged_in(boss)
    for _ in range(2):
        headers = {**HTMX, "X-Parley-Tab": "a"}
        page = text(browser.get(f"/supervise/s/{theirs.pk}/", headers=headers))
    assert "Very &lt;secret&gt;" in page and '<form method="post"' not in page
    kept = Listening.objects.get()
    assert (kept.user, kept.session, kept.name) == (boss.user, theirs, str(boss))
    assert presence.of([theirs.pk]) == {}
    assert theirs.messages.count() == 1 and Session.objects.get().unread == 3
    assert browser.get(f"/s/{theirs.pk}/").status_code == 404


def test_a_session_is_reassigned_with_its_history(
    boss: Extension, anna: Extension, ben: Extension, theirs: Session
) -> None:
    browser, address = logged_in(boss), f"/supervise/s/{theirs.pk}/reassign/"
    assert "Ben (" in text(browser.get(address, headers=HTMX))
    answer = browser.post(address, {"to": f"extension:{ben.pk}"}, headers=HTMX)
    assert "Given to Ben" in text(answer)
    theirs.refresh_from_db()
    assert theirs.holder == ben
    assert theirs.messages.last().text == "Boss transferred to Ben"
    assert browser.post(address, {"to": "nobody"}, headers=HTMX).status_code == 422
    assert browser.post(address, {"to": f"extension:{ben.pk}"}, headers=HTMX).status_code == 422
    theirs.close()
    assert browser.post(address, {"to": f"extension:{anna.pk}"}, headers=HTMX).status_code == 404


def test_everybody_else_finds_nothing(browser: Client, anna: Extension, theirs: Session) -> None:
    base = f"/supervise/s/{theirs.pk}/"
    for address in ("/supervise/", base, f"{base}reassign/"):
        assert browser.get(address, headers=HTMX).status_code == 404
    form = {"to": f"extension:{anna.pk}"}
    assert browser.post(f"{base}reassign/", form, headers=HTMX).status_code == 404
    assert "/supervise/" not in text(browser.get("/"))
    assert not Listening.objects.exists()
    key = browser.cookies["sessionid"].value
    with pytest.raises(Refused):
        stream._supervisor(key)


def test_a_group_may_supervise_and_hears_of_everybody(anna: Extension, queue: Queue) -> None:
    group = Group.objects.create(name="Leads")
    group.permissions.add(Permission.objects.get(codename="supervise"))
    lead = ExtensionFactory()
    lead.user.groups.add(group)
    browser = logged_in(lead)
    assert "/supervise/" in text(browser.get("/"))
    heard = stream._supervisor(browser.cookies["sessionid"].value)
    assert {f"extension:{anna.pk}", f"queue:{queue.pk}"} <= heard


def test_files_open_for_supervisors_alone(boss: Extension, ben: Extension, theirs: Session) -> None:
    made = {"name": "x", "content_type": "image/png", "state": Attachment.EXPIRED}
    file = Attachment.objects.create(message=theirs.messages.get(), **made)
    assert logged_in(ben).get(f"/files/{file.pk}/").status_code == 404
    assert logged_in(boss).get(f"/files/{file.pk}/").status_code == 410


def test_who_holds_it_is_asked_once_more_when_it_moved_meanwhile(
    boss: Extension, ben: Extension, theirs: Session
) -> None:
    seen = Session.objects.get(pk=theirs.pk)
    Session.objects.update(holder=ben)
    with pytest.raises(desk.AlreadyTaken):
        desk.reassign(boss, seen, boss)
