"""In which language and time zone agents read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from routing.inbox.events import told
from routing.models import AgentSettings, Extension, Session

from ..factories import MessageFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def test_a_page_speaks_the_language_of_the_browser_until_one_is_chosen(
    browser: Client, anna: Extension
) -> None:
    german = {"Accept-Language": "de-CH,en;q=0.5"}
    assert '<html lang="de" dir="ltr"' in text(browser.get("/", headers=german))
    assert '<html lang="en-gb" dir="ltr"' in text(browser.get("/", headers={}))
    answer = browser.post("/settings/", {"language": "pl"}, headers={**HTMX, **german})
    assert answer["HX-Refresh"] == "true"  # the list and the rail are old now
    assert '<html lang="pl" dir="ltr"' in text(browser.get("/", headers=german))
    assert translation.get_language() == "en-gb"  # nobody else finds it so
    assert "HX-Refresh" not in browser.post("/settings/", {"tone": "drop"}, headers=HTMX)


def test_a_language_from_right_to_left_turns_the_page(browser: Client, settings: Any) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    page = text(browser.get("/", headers={"Accept-Language": "ar"}))
    assert '<html lang="ar" dir="rtl"' in page


def test_system_lines_are_told_in_the_language_and_the_zone_of_the_reader() -> None:
    cases = {
        ("picked_up", "Anna picked up"): "Anna hat die Sitzung übernommen",
        ("closed", "Anna closed the session: Paid\ntoday"): (
            "Anna hat die Sitzung geschlossen: Paid\ntoday"
        ),
        ("auto_closed", "Closed after 1 day without a message"): (
            "Nach 1 Tag ohne Nachricht geschlossen"
        ),
        ("snoozed", "Anna snoozed the session until 2026-03-04 12:00+00:00"): (
            "Anna hat die Sitzung zurückgestellt bis Mittwoch, 4. März, 13:00"
        ),
        ("snoozed", "Anna snoozed the session until Monday"): (
            "Anna hat die Sitzung zurückgestellt bis Monday"
        ),
        ("closed", "Something that nobody knows"): "Something that nobody knows",
    }
    with translation.override("de"), timezone.override("Europe/Berlin"):
        for (event, kept), words in cases.items():
            assert told(event, kept) == words


def test_only_languages_and_zones_that_exist_are_kept(browser: Client, anna: Extension) -> None:
    for wrong in ({"language": "xx"}, {"time_zone": "Europe/Nowhere"}, {"time_zone": "../etc"}):
        assert browser.post("/settings/", wrong).status_code == 422
    assert not AgentSettings.objects.exclude(language="", time_zone="").exists()


def test_times_are_those_of_the_browser_until_a_zone_is_chosen(
    browser: Client, mine: Session
) -> None:
    MessageFactory(session=mine, created_at=NOON)
    address = f"/s/{mine.pk}/"
    assert ">12:00</time>" in text(browser.get(address))
    browser.cookies["zone"] = "America/New_York"
    assert ">07:00</time>" in text(browser.get(address))
    browser.cookies["zone"] = "../../etc/passwd"
    assert ">12:00</time>" in text(browser.get(address))
    browser.post("/settings/", {"time_zone": "Europe/Warsaw"})
    assert ">13:00</time>" in text(browser.get(address))


def test_who_is_not_logged_in_reads_the_language_of_the_browser(client: Client) -> None:
    polish = {"Accept-Language": "pl"}
    assert '<html lang="pl"' in text(client.get("/login/", headers=polish))
    assert '<html lang="pl"' in text(client.get("/no/such/page/", headers=polish))
