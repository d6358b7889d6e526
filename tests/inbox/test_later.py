"""Sending later, and from another number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing.inbox.scheduling import presets
from routing.models import Draft, Extension, Message, Rule, Session

from ..factories import ExtensionFactory, MessageFactory, NumberFactory, RuleFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def keep(browser: Client, session: Session, at: str, **fields: Any) -> Any:
    form = {"text": "Good morning", "client_key": "later", "at": at, **fields}
    return browser.post(f"/s/{session.pk}/schedule/", form, headers=HTMX)


@pytest.fixture
def kept(browser: Client, mine: Session) -> Message:
    at = timezone.now() + timedelta(days=1)
    assert keep(browser, mine, at.isoformat()).status_code == 200
    return Message.objects.get(direction=Message.OUT)


def test_a_message_waits_for_its_time_once(browser: Client, mine: Session, kept: Message) -> None:
    keep(browser, mine, (timezone.now() + timedelta(days=1)).isoformat())
    assert Message.objects.filter(direction=Message.OUT).count() == 1
    assert not Message.objects.due().exists() and not Draft.objects.exists()
    page = text(browser.get(f"/s/{mine.pk}/"))
    for part in ("Leaves", ">Send now<", ">Change<", "Cancel"):
        assert part in page


def test_change_send_now_and_cancel(browser: Client, mine: Session, kept: Message) -> None:
    base = f"/s/{mine.pk}/messages/{kept.pk}"
    assert "Change the time" in text(browser.get(f"{base}/schedule/", headers=HTMX))
    new = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    browser.post(f"{base}/schedule/", {"at": new.isoformat()}, headers=HTMX)
    kept.refresh_from_db()
    assert kept.due_at == new
    browser.post(f"{base}/now/", headers=HTMX)
    assert Message.objects.due().get() == kept
    late = browser.post(f"{base}/schedule/", {"at": new.isoformat()}, headers=HTMX)
    assert late.status_code == 422 and "Too late" in text(late)


def test_cancel_brings_the_text_back(browser: Client, mine: Session, kept: Message) -> None:
    browser.post(f"/s/{mine.pk}/messages/{kept.pk}/undo/", {"typed": ""}, headers=HTMX)
    assert not Message.objects.filter(direction=Message.OUT).exists()
    assert Draft.objects.get().text == "Good morning"


def test_only_its_author_changes_it(mine: Session, kept: Message, ben: Extension) -> None:
    Session.objects.update(holder=ben)
    for act in ("schedule", "now"):
        answer = logged_in(ben).post(f"/s/{mine.pk}/messages/{kept.pk}/{act}/", headers=HTMX)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "at", ["", "soon", "2020-01-01T09:00", "9999-12-31T23:59", "2026-02-30T10:00"]
)
def test_a_time_that_is_none_is_refused(browser: Client, mine: Session, at: str) -> None:
    answer = keep(browser, mine, "", custom=at)
    assert answer.status_code == 422 and "Choose" in text(answer)
    assert not Message.objects.exists()


def test_the_presets_are_in_the_agents_zone() -> None:
    with timezone.override("Europe/Warsaw"):
        friday = datetime(2026, 3, 27, 9, 20, tzinfo=UTC)
        assert [each.value for each in presets(friday)] == [
            "2026-03-27T13:00+01:00",
            "2026-03-28T09:00+01:00",
            "2026-03-30T09:00+02:00",
        ]
        sunday = datetime(2026, 3, 29, 18, 20, tzinfo=UTC)
        assert [each.value for each in presets(sunday)] == ["2026-03-30T09:00+02:00"]


# --- from another number -----------------------------------------------------------------------


@pytest.fixture
def other(anna: Extension) -> Rule:
    return RuleFactory(may_start=[anna])


def test_from_another_number_only_where_it_is_allowed(
    browser: Client, mine: Session, other: Rule
) -> None:
    forbidden = RuleFactory(may_start=[ExtensionFactory()]).number
    assert f"/s/{mine.pk}/from/" in text(browser.get(f"/s/{mine.pk}/"))
    dialog = text(browser.get(f"/s/{mine.pk}/from/", headers=HTMX))
    assert other.number.value in dialog and forbidden.value not in dialog
    assert f"The customer wrote to {mine.number}" in dialog
    form = {"text": "From here", "client_key": "x"}
    address = f"/s/{mine.pk}/from/"
    refused = browser.post(address, {**form, "number": forbidden.pk}, headers=HTMX)
    assert refused.status_code == 422 and not Message.objects.exists()
    for _ in range(2):
        sent = browser.post(address, {**form, "number": other.number.pk}, headers=HTMX)
    message = Message.objects.get(direction=Message.OUT)
    assert sent.headers["X-Parley-Open"] == f"/s/{message.session_id}/"
    assert message.session.number == other.number and message.recipient == mine.customer.address


def test_a_failed_message_goes_from_another_number(
    browser: Client, mine: Session, other: Rule
) -> None:
    failed = MessageFactory(session=mine, answer=True, status=Message.FAILED, text="Again")
    assert "Send from other number" in text(browser.get(f"/s/{mine.pk}/"))
    address = f"/s/{mine.pk}/messages/{failed.pk}/elsewhere/"
    for _ in range(2):
        assert browser.post(address, {"number": other.number.pk}, headers=HTMX).status_code == 204
    again = Message.objects.exclude(pk=failed.pk).get(direction=Message.OUT)
    assert again.text == "Again" and again.session.number == other.number


def test_without_another_number_nothing_is_offered(browser: Client, mine: Session) -> None:
    NumberFactory(channel=mine.channel)
    MessageFactory(session=mine, answer=True, status=Message.FAILED)
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "/from/" not in page and "other number" not in page


def test_a_paused_channel_locks_the_composer(browser: Client, mine: Session) -> None:
    mine.channel.paused = True
    mine.channel.save()
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "is paused" in page and 'name="text"' not in page
