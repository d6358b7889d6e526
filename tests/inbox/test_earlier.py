"""Earlier sessions of a customer: folded in, and only those that the agent may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing import desk
from routing.models import Extension, Message, Queue, Session

from ..factories import ExtensionFactory, MessageFactory, NumberFactory, SessionFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def before(anna: Extension, mine: Session) -> list[Session]:
    """Two of Anna's own, closed by her, and one that is not hers; a later one."""
    made = []
    for days, holder in ((3, anna), (2, anna), (1, ExtensionFactory()), (-1, anna)):
        began = timezone.now() - timedelta(days=days)
        number = NumberFactory(channel=mine.channel)
        session = SessionFactory(
            customer=mine.customer, number=number, holder=anna, opened_at=began
        )
        MessageFactory(session=session, text=f"Words of {days}")
        desk.close(anna, session)
        Session.objects.filter(pk=session.pk).update(holder=holder, last_text=f"Last of {days}")
        made.append(session)
    return made


def test_only_earlier_ones_that_are_theirs_are_counted_and_listed(
    browser: Client, mine: Session, before: list[Session]
) -> None:
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "2 earlier sessions</a>" in page and "Words of" not in page
    found = text(browser.get(f"/s/{mine.pk}/earlier/", headers=HTMX))
    assert found.index("Last of 3") < found.index("Last of 2")
    assert "Last of 1" not in found and "Last of -1" not in found
    assert found.count(" by Anna") == 2


def test_one_is_read_without_any_button(
    browser: Client, mine: Session, before: list[Session]
) -> None:
    MessageFactory(session=before[0], answer=True, status=Message.FAILED, text="Not sent")
    found = text(browser.get(f"/s/{before[0].pk}/folded/", headers=HTMX))
    assert "Words of 3" in found and "Not sent" in found and "<form" not in found
    assert browser.get(f"/s/{before[2].pk}/folded/", headers=HTMX).status_code == 404


def test_without_earlier_ones_nothing_is_offered(browser: Client, mine: Session) -> None:
    SessionFactory(holder=mine.holder)
    assert 'id="earlier"' not in text(browser.get(f"/s/{mine.pk}/"))


def test_who_may_not_see_the_session_learns_nothing(browser: Client, queue: Queue) -> None:
    theirs = SessionFactory(holder=ExtensionFactory())
    assert browser.get(f"/s/{theirs.pk}/earlier/").status_code == 404
    assert browser.get(f"/s/{theirs.pk}/folded/").status_code == 404


def test_the_list_asks_few_questions(
    browser: Client, mine: Session, before: list[Session], django_assert_max_num_queries: Any
) -> None:
    for address in ("", "earlier/"):
        with django_assert_max_num_queries(12):
            assert browser.get(f"/s/{mine.pk}/{address}", headers=HTMX).status_code == 200
