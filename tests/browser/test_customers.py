"""Customers in a real browser: a card from a session, tags, merging, an import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..stories.system import System
from .conftest import Visit
from .test_inbox_live import phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]
VIP = re.compile(r"Lena Żak\s*, VIP")
LENA, OTHER = "+12025557001", "+12025557002"
SET_UP = """
from django.contrib.auth.models import User
from routing.models import Tag
User.objects.filter(username="anna").update(is_superuser=True)
Tag.objects.get_or_create(name="Late delivery", colour="orange")
"""


def test_a_card_from_a_session_its_tags_and_a_merge(visit: Visit, parley: System) -> None:
    parley.manage("shell", "-c", SET_UP)
    says(phone_of(visit, LENA), "Is my parcel on its way?")
    anna = visit(agent="anna", viewport={"width": 1440, "height": 900})
    row(anna, LENA, "parcel").click()
    panel = anna.locator("#panel")
    width = anna.locator("#thread").bounding_box()["width"]
    panel.get_by_role("button", name="Add customer").click()
    panel.get_by_label("Name").fill("Lena Żak")
    panel.get_by_label("E-mail").fill("not an address")
    panel.get_by_label("VIP").check()
    panel.get_by_role("button", name="Save").click()
    panel.get_by_label("E-mail").evaluate("box => box.type = 'text'")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("is not an e-mail address")).to_be_visible()
    panel.get_by_label("E-mail").fill("lena@example.com")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_role("heading", name=VIP)).to_be_visible()
    expect(row(anna, "Lena Żak", ", VIP.*parcel")).to_be_visible()
    expect(anna.locator("#head").get_by_role("heading", name="Lena Żak")).to_be_visible()
    panel.get_by_text("Change tags").click()
    panel.get_by_label("Late delivery").check()
    expect(row(anna, "Lena Żak", "Late delivery")).to_be_visible()
    assert anna.locator("#thread").bounding_box()["width"] == width, "nothing moved"
    anna.get_by_role("button", name="Customer panel").click()
    expect(panel).not_to_be_visible()
    anna.reload()
    expect(panel).not_to_be_visible()
    anna.get_by_role("button", name="Customer panel").click()
    expect(panel.get_by_role("link", name=LENA)).to_have_attribute("href", f"tel:{LENA}")
    anna.get_by_role("link", name="Customers", exact=True).click()
    anna.get_by_role("link", name="New customer").click()
    anna.get_by_label("Name", exact=True).fill("Helena")
    anna.get_by_label("Number", exact=True).fill(OTHER)
    anna.get_by_label("E-mail", exact=True).fill("lena@example.com")
    anna.get_by_role("button", name="Save").click()
    anna.get_by_role("link", name="Compare with Lena Żak").click()
    anna.get_by_role("group", name="Name").get_by_label("Lena Żak").check()
    anna.get_by_role("button", name="Merge").click()
    page = anna.locator("#customer")
    expect(page.get_by_role("heading", name=VIP)).to_be_visible()
    for number in (LENA, OTHER):
        expect(page.get_by_role("link", name=number)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("parcel"))).to_be_visible()
    anna.get_by_role("searchbox").fill("202 555 7002")
    anna.keyboard.press("Enter")
    expect(anna.locator("#book-rows .person")).to_have_count(1)


def test_the_panel_is_a_sheet_on_a_phone_and_back_closes_it(visit: Visit) -> None:
    says(phone_of(visit, OTHER), "On a small screen")
    anna = visit(agent="anna", viewport={"width": 390, "height": 844})
    row(anna, "", "On a small screen").click()
    panel = anna.locator("#panel")
    expect(anna.get_by_role("textbox", name="Message")).to_be_visible()
    expect(panel).not_to_be_visible()
    anna.get_by_role("button", name="Customer panel").click()
    expect(panel.get_by_role("link", name=OTHER)).to_be_visible()
    expect(anna).to_have_url(re.compile(r"panel=1"))
    anna.go_back()
    expect(panel).not_to_be_visible()
    expect(anna.get_by_role("textbox", name="Message")).to_be_visible()


def test_an_import_tells_first_and_shows_how_far_it_is(
    visit: Visit, parley: System, tmp_path: Path
) -> None:
    parley.manage("shell", "-c", SET_UP)
    lines = "\n".join(f"Person {n},+120255{80000 + n}" for n in range(3000))
    file = tmp_path / "people.csv"
    file.write_text(f"name,phone\n{lines}\nWrong,call me\n")
    anna = visit(agent="anna")
    anna.goto("/customers/import/")
    anna.get_by_label("File", exact=True).set_input_files(file)
    anna.get_by_role("button", name="Look at the file").click()
    expect(anna.get_by_text("Nothing is changed yet")).to_be_visible(timeout=60_000)
    expect(anna.get_by_role("link", name="3000 New")).to_be_visible()
    anna.get_by_role("link", name="1 Refused").click()
    expect(anna.get_by_text("is not a phone number")).to_be_visible()
    anna.get_by_role("button", name="Import", exact=True).click()
    expect(anna.get_by_role("progressbar").or_(anna.get_by_text("Done."))).to_be_visible()
    expect(anna.get_by_text("Done.")).to_be_visible(timeout=60_000)
    anna.goto("/customers/?q=Person 2999")
    expect(anna.get_by_role("link", name="Person 2999")).to_be_visible()
