"""The language and the time zone of an agent, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .test_inbox_live import customer, phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]
HOUR = """(time, zone) => new Intl.DateTimeFormat("en-GB", {timeZone: zone, hour: "2-digit",
    minute: "2-digit"}).format(new Date(time.dateTime))"""


def test_pages_and_scripts_speak_the_chosen_language_in_the_zone_of_the_agent(
    visit: Visit,
) -> None:
    anna, number = visit(agent="anna", timezone_id="America/New_York"), customer()
    says(phone_of(visit, number), "Dzień dobry")
    row(anna, number, "Dzień dobry").click()
    hour = anna.get_by_role("log").locator("time").first
    expect(hour).to_have_text(hour.evaluate(HOUR, "America/New_York"))
    anna.get_by_role("link", name="Settings").click()
    anna.get_by_label("Language").select_option("Deutsch")
    anna.get_by_label("Time zone").select_option("Asia/Tokyo")
    anna.get_by_role("button", name="Save", exact=True).click()
    expect(anna.get_by_role("heading", name="Meine Einstellungen")).to_be_visible()
    expect(anna.locator("html")).to_have_attribute("lang", "de")
    row(anna, number, "Dzień dobry").click()
    expect(hour).to_have_text(hour.evaluate(HOUR, "Asia/Tokyo"))
    anna.get_by_role("button", name="Übernehmen").click()
    expect(anna.get_by_role("log")).to_contain_text("Anna hat die Sitzung übernommen")
    anna.get_by_label("Nachricht", exact=True).fill("Hallo")
    expect(anna.locator("#counter")).to_contain_text("1 Segment")
    anna.locator(f'.row:has-text("{number[-4:]}") .pick input').first.check(force=True)
    expect(anna.locator("#many-count")).to_have_text("1 ausgewählt")
