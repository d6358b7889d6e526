"""Canned replies: who is offered which, and what their variables become."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from routing.models import CannedReply, Message, Queue, Session

from ..factories import ExtensionFactory, QueueFactory, SessionFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


def offered(browser: Client, session: Session) -> str:
    return text(browser.get(f"/s/{session.pk}/canned/", headers=HTMX))


def test_those_of_all_and_of_the_sessions_queue(
    browser: Client, mine: Session, queue: Queue
) -> None:
    for shortcut, whose in (("all", None), ("ours", queue), ("theirs", QueueFactory())):
        CannedReply.objects.create(shortcut=shortcut, text="x", queue=whose)
    found = offered(browser, mine)
    assert "/all<" in found and "/ours<" in found and "/theirs<" not in found


def test_names_are_filled_in_and_escaped(browser: Client, mine: Session) -> None:
    mine.customer.name = '"Zoë" <b>'
    mine.customer.save()
    CannedReply.objects.create(shortcut="hi", text="Dear {customer}, {agent} here: {number} {x}")
    found = offered(browser, mine)
    expected = f"Dear &quot;Zoë&quot; &lt;b&gt;, Anna here: {mine.number.value} {{x}}"
    assert f'data-insert="{expected}"' in found


def test_what_is_not_known_stays_and_is_not_sent(browser: Client, mine: Session) -> None:
    CannedReply.objects.create(shortcut="hi", text="Dear {customer}")
    assert 'data-insert="Dear {customer}"' in offered(browser, mine)
    form = {"text": "Dear {customer}"}
    refused = browser.post(f"/s/{mine.pk}/write/", form, headers=HTMX)
    assert refused.status_code == 422 and "Fill in {customer} first." in text(refused)
    assert not Message.objects.exists()
    assert browser.post(f"/s/{mine.pk}/write/", {"text": "{x}"}, headers=HTMX).status_code == 200


def test_replies_of_anothers_session_are_a_404(browser: Client) -> None:
    theirs = SessionFactory(holder=ExtensionFactory())
    assert browser.get(f"/s/{theirs.pk}/canned/").status_code == 404


def test_a_shortcut_is_one_reply(queue: Queue) -> None:
    for whose in (None, queue):
        CannedReply.objects.create(shortcut="hi", text="x", queue=whose)
        with pytest.raises(IntegrityError), transaction.atomic():
            CannedReply.objects.create(shortcut="hi", text="y", queue=whose)


def test_administrators_write_them(admin_client: Client, queue: Queue) -> None:
    address = "/admin/routing/cannedreply/"
    wrong = admin_client.post(f"{address}add/", {"shortcut": "no spaces", "text": "x"})
    assert "Letters, digits, - and _ only." in text(wrong)
    admin_client.post(f"{address}add/", {"shortcut": "hours", "text": "9–17", "queue": queue.pk})
    assert CannedReply.objects.get().queue == queue
    assert "/hours" in text(admin_client.get(address))
