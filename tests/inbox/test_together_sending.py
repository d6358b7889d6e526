"""The check before sending: nobody answers past what just came."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing import desk
from routing.models import Draft, Extension, Message, Queue, Session

from ..factories import MessageFactory, SessionFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def send(browser: Client, session: Session, seen: int | str, **form: Any) -> Any:
    form = {"text": "An answer", "basis": seen, **form}
    return browser.post(f"/s/{session.pk}/write/", form, headers=HTMX)


def sent() -> int:
    return Message.objects.filter(direction=Message.OUT).count()


def test_a_customers_message_stops_what_was_written_before_it(
    browser: Client, anna: Extension, mine: Session
) -> None:
    first = MessageFactory(session=mine, text="One")
    desk.keep_draft(anna, mine, "An answer")
    second = MessageFactory(session=mine, text="Two <b>")
    answer = send(browser, mine, first.pk, client_key="k")
    shown = text(answer)
    assert answer.status_code == 409 and sent() == 0
    assert "Two &lt;b&gt;" in shown and "One" not in shown
    assert f'data-newest="{second.pk}"' in shown
    assert Draft.objects.get().text == "An answer"
    assert send(browser, mine, second.pk, client_key="k").status_code == 200
    assert sent() == 1
    # The same press once more, from a slow net, is the same message, whatever came since.
    MessageFactory(session=mine, text="Three")
    assert send(browser, mine, second.pk, client_key="k").status_code == 200
    assert sent() == 1


def test_a_colleagues_answer_or_note_stops_and_a_system_line_does_not(
    anna: Extension, ben: Extension, queue: Queue
) -> None:
    shared = SessionFactory(queue=queue)
    seen = MessageFactory(session=shared).pk
    desk.say(shared, "started", "A line")
    assert send(logged_in(ben), shared, seen).status_code == 200
    answer = send(logged_in(anna), shared, seen)
    assert answer.status_code == 409 and "Ben" in text(answer)
    newest = desk.note(ben, shared, "Do not answer, I call them").pk
    answer = send(logged_in(anna), shared, newest - 1)
    assert answer.status_code == 409 and "Note by Ben" in text(answer)


def test_ones_own_messages_stop_nothing(browser: Client, anna: Extension, mine: Session) -> None:
    seen = MessageFactory(session=mine).pk
    for n in range(2):
        assert send(browser, mine, seen, client_key=f"k{n}").status_code == 200
    desk.note(anna, mine, "Mine")
    assert send(browser, mine, seen, client_key="k3").status_code == 200
    assert sent() == 3


@pytest.mark.parametrize("basis", ["", "x", "9" * 30])
def test_who_does_not_say_what_was_seen_is_not_stopped(
    browser: Client, mine: Session, basis: str
) -> None:
    MessageFactory(session=mine)
    assert send(browser, mine, basis).status_code == 200


def test_without_script_the_page_offers_to_send_anyway(browser: Client, mine: Session) -> None:
    first = MessageFactory(session=mine).pk
    newest = MessageFactory(session=mine, text="Wait").pk
    form = {"text": "An answer", "basis": first}
    answer = browser.post(f"/s/{mine.pk}/write/", form)
    assert answer.status_code == 409
    assert f'name="basis" value="{newest}"' in text(answer) and "Send anyway" in text(answer)
