"""Snooze, priority, closing with what is asked for, transfer with a note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from routing import desk
from routing.desk.many import close_many
from routing.inbox.choice import Choice
from routing.inbox.later import choices
from routing.inbox.listing import listing
from routing.models import (
    AgentStatus,
    Category,
    ClosingRule,
    Closure,
    Extension,
    Mention,
    Queue,
    Session,
)

from ..factories import ExtensionFactory, QueueFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def act(browser: Client, session: Session, what: str, **form: Any) -> Any:
    return browser.post(f"/s/{session.pk}/{what}/", form, headers=HTMX)


def seen(extension: Extension, view: str) -> list[Session]:
    return [row.session for row in listing(extension, Choice(view)).rows]


# --- snooze ------------------------------------------------------------------------------------


def test_a_snoozed_session_leaves_every_list_but_its_own(
    browser: Client, anna: Extension, mine: Session
) -> None:
    assert "Until they reply" in text(browser.get(f"/s/{mine.pk}/snooze/", headers=HTMX))
    answer = act(browser, mine, "snooze", until="tomorrow")
    assert answer.status_code == 200 and answer["X-Parley-Left"] == "/"
    for view in ("all", "mine", f"queue-{mine.queue_id}"):
        assert seen(anna, view) == []
    assert seen(anna, "snoozed") == [mine]
    counts = {section.view: section.found for section in listing(anna).sections}
    assert counts["snoozed"] == 1
    assert mine.messages.last().text.startswith("Anna snoozed the session until ")
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "act-wake" in page and "Snoozed" in page
    assert act(browser, mine, "wake").status_code == 200
    assert seen(anna, "mine") == [mine] and seen(anna, "snoozed") == []


def test_who_snoozes_a_waiting_session_has_picked_it_up(
    anna: Extension, ben: Extension, queue: Queue
) -> None:
    waiting = SessionFactory(queue=queue)
    act(logged_in(anna), waiting, "snooze", until="reply")
    waiting.refresh_from_db()
    assert (waiting.holder, waiting.snoozed_until) == (anna, Session.UNTIL_REPLY)
    assert seen(ben, "snoozed") == []
    together = QueueFactory(members=[anna, ben], pickup=Queue.NONE)
    shared = SessionFactory(queue=together)
    desk.snooze(anna, shared, Session.UNTIL_REPLY)
    assert seen(ben, "snoozed") == [shared]


def test_what_came_back_is_marked_until_its_holder_looks(
    browser: Client, anna: Extension, mine: Session
) -> None:
    Session.objects.update(woken=Session.BACK)
    assert ">Back<" in text(browser.get("/"))
    browser.get(f"/s/{mine.pk}/")
    assert ">Back<" not in text(browser.get("/"))


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"until": "never"},
        {"until": "custom", "at": ""},
        {"until": "custom", "at": "2020-01-01T09:00"},
        {"until": "custom", "at": "2999-01-01T09:00"},
        {"until": "custom", "at": "2026-99-01T09:00"},
    ],
)
def test_no_time_is_refused_in_the_dialog(
    browser: Client, mine: Session, form: dict[str, str]
) -> None:
    answer = act(browser, mine, "snooze", **form)
    assert answer.status_code == 422 and 'role="alert"' in text(answer)
    mine.refresh_from_db()
    assert mine.snoozed_until is None


def test_a_time_of_ones_own(browser: Client, mine: Session) -> None:
    at = timezone.localtime() + timedelta(days=2)
    act(browser, mine, "snooze", until="custom", at=f"{at:%Y-%m-%dT%H:%M}")
    mine.refresh_from_db()
    assert mine.snoozed_until == at.replace(second=0, microsecond=0)


def test_the_times_that_are_offered(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    with timezone.override(UTC):
        morning = {c.key: c.at for c in choices(datetime(2026, 11, 18, 9, 20, tzinfo=UTC))}
        assert morning["later"] == datetime(2026, 11, 18, 12, tzinfo=UTC)
        assert morning["tomorrow"] == datetime(2026, 11, 19, 9, tzinfo=UTC)
        assert morning["week"] == datetime(2026, 11, 23, 9, tzinfo=UTC)
        sunday = {c.key: c.at for c in choices(datetime(2026, 11, 22, 20, tzinfo=UTC))}
        assert "later" not in sunday
        assert sunday["week"] == datetime(2026, 11, 30, 9, tzinfo=UTC)


# --- priority ----------------------------------------------------------------------------------


def test_priority_is_marked_on_the_row_and_said_once(browser: Client, mine: Session) -> None:
    for _ in range(2):
        assert act(browser, mine, "priority", priority="2").status_code == 200
    assert [m.text for m in mine.messages.all()] == ["Anna marked it as urgent"]
    assert 'title="Urgent"' in text(browser.get("/"))
    assert act(browser, mine, "priority", priority="7").status_code == 422
    assert act(browser, mine, "priority", priority="0").status_code == 200
    assert 'title="Urgent"' not in text(browser.get("/"))


# --- closing -----------------------------------------------------------------------------------


def test_nothing_is_asked_where_no_rule_asks(browser: Client, mine: Session) -> None:
    Category.objects.create(name="Invoice")
    assert act(browser, mine, "close").status_code == 200
    mine.refresh_from_db()
    assert mine.closed_at and not Closure.objects.exists()
    assert mine.messages.last().text == "Anna closed the session"


def test_what_must_be_given_is_asked_for(browser: Client, mine: Session) -> None:
    must = ClosingRule.MUST
    ClosingRule.objects.create(category=must, note=must)
    invoice = Category.objects.create(name="Invoice")
    Category.objects.create(name="Elsewhere", queue=QueueFactory())
    asked = act(browser, mine, "close")
    assert asked.status_code == 422 and asked["X-Parley-Ask"]
    assert "Invoice" in text(asked) and "Elsewhere" not in text(asked)
    for missing in ({"category": invoice.pk}, {"closing_note": "Paid"}, {"category": "x"}):
        answer = act(browser, mine, "close", asked=1, **missing)
        assert answer.status_code == 422 and 'role="alert"' in text(answer)
    assert Session.objects.open().exists()
    form = {"asked": 1, "category": invoice.pk, "closing_note": " Paid\ntoday "}
    assert act(browser, mine, "close", **form).status_code == 200
    closure = Closure.objects.get()
    assert (closure.category, closure.note, closure.session) == (invoice, "Paid today", mine)
    assert mine.messages.last().text == "Anna closed the session: Invoice. Paid today"


def test_a_queues_own_rule_comes_before_that_of_all(anna: Extension, mine: Session) -> None:
    ClosingRule.objects.create(category=ClosingRule.MUST)
    Category.objects.create(name="Invoice")
    assert desk.question(mine).must
    own = ClosingRule.objects.create(queue=mine.queue, category=ClosingRule.NO)
    assert not desk.question(mine)
    own.delete()
    # What must be said about each cannot be said about many at once.
    assert close_many(anna, [mine.pk]) == {}
    ClosingRule.objects.update(category=ClosingRule.MAY)
    assert list(close_many(anna, [mine.pk])) == [mine.pk]


# --- transfer ----------------------------------------------------------------------------------


def test_the_dialog_tells_status_and_load(
    browser: Client, ben: Extension, mine: Session, queue: Queue
) -> None:
    AgentStatus.change(ben, AgentStatus.BUSY)
    SessionFactory(holder=ben)
    SessionFactory(holder=ben, closed_at=timezone.now())
    SessionFactory(queue=queue)
    page = text(browser.get(f"/s/{mine.pk}/transfer/", headers=HTMX))
    assert "Busy" in page and "1 open" in page and "1 waiting" in page


def test_the_dialog_costs_the_same_for_any_number_of_people(
    browser: Client, mine: Session, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        SessionFactory(holder=ExtensionFactory(), queue=QueueFactory())
    with django_assert_max_num_queries(12):
        assert browser.get(f"/s/{mine.pk}/transfer/", headers=HTMX).status_code == 200


def test_a_note_goes_along_for_the_receiver(browser: Client, ben: Extension, mine: Session) -> None:
    form = {"to": f"extension:{ben.pk}", "handing_note": "Speaks only Polish"}
    assert act(browser, mine, "transfer", **form)["X-Parley-Left"]
    assert Mention.objects.get().extension == ben
    page = text(logged_in(ben).get(f"/s/{mine.pk}/"))
    assert "Speaks only Polish" in page and "Note by Anna" in page
    assert act(browser, mine, "transfer", **form).status_code == 404


def test_what_fails_leaves_no_note(browser: Client, anna: Extension, mine: Session) -> None:
    form = {"to": f"extension:{anna.pk}", "handing_note": "To myself"}
    assert act(browser, mine, "transfer", **form).status_code == 422
    assert not mine.messages.exists()


@pytest.mark.parametrize("what", ["snooze", "wake", "priority", "close", "transfer"])
def test_a_stranger_learns_nothing(mine: Session, what: str) -> None:
    browser = logged_in(ExtensionFactory())
    assert act(browser, mine, what, until="reply", priority="1").status_code == 404
    assert browser.get(f"/s/{mine.pk}/{what}/", headers=HTMX).status_code in (404, 405)
    mine.refresh_from_db()
    assert (mine.snoozed_until, mine.priority, mine.closed_at) == (None, 0, None)


# --- handing all over --------------------------------------------------------------------------


def test_ones_sessions_wait_again_where_they_came_from(
    anna: Extension, mine: Session, queue: Queue
) -> None:
    own = SessionFactory(holder=anna)  # its number leads to nobody else
    SessionFactory(holder=anna, queue=queue, closed_at=timezone.now())
    assert desk.going_back(anna) == {queue.name: 1, "": 1}
    assert desk.give_back(anna) == 1
    mine.refresh_from_db()
    own.refresh_from_db()
    assert (mine.holder, mine.queue, own.holder) == (None, queue, anna)


def test_the_status_is_a_fact_with_its_time(anna: Extension) -> None:
    assert (AgentStatus.of(anna).state, AgentStatus.of(anna).since) == ("available", None)
    at = datetime(2026, 11, 18, 9, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        assert desk.change_status(anna, "busy")
        assert not desk.change_status(anna, "busy")
    assert (AgentStatus.of(anna).state, AgentStatus.of(anna).since) == ("busy", at)
    with pytest.raises(desk.Refused):
        desk.change_status(anna, "asleep")
