"""The app around the inbox: keys, command bar, look, alerts, and a line that comes and goes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .test_inbox_live import box, customer, phone_of, row, says
from .test_writing import opened

pytestmark = [pytest.mark.browser, pytest.mark.story]


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()


def test_the_whole_way_by_keys(visit: Visit) -> None:
    page, numbers = visit(agent="anna"), [customer(), customer()]
    for number in numbers:
        says(phone_of(visit, number), "By keys")
        expect(row(page, number, "By keys")).to_be_visible()
    page.keyboard.press("j")  # the newest is on top
    expect(page.get_by_role("heading", name=numbers[1])).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name=numbers[0])).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", name=numbers[1])).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("Anna picked up")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    page.keyboard.type("jkpe")  # letters are text where text is written
    expect(page.get_by_role("textbox", name="Note")).to_have_value("jkpe")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".private")).to_contain_text("jkpe")
    page.keyboard.press("Alt+j")
    expect(page.get_by_role("heading", name=numbers[0])).to_be_visible()
    page.keyboard.press("Alt+k")
    expect(page.get_by_role("heading", name=numbers[1])).to_be_visible()
    expect(box(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, numbers[1])).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("1 selected")).to_have_count(0)
    page.keyboard.press("t")
    expect(page.get_by_role("dialog").get_by_role("button", name="Transfer")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(box(page)).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Unassigned")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_text("Anna closed the session")).to_be_visible()
    page.keyboard.press("?")
    help = page.get_by_role("dialog", name="Shortcuts")
    expect(help.get_by_text("Pick up", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(help).not_to_be_visible()


def test_the_command_bar_finds_actions_sessions_and_replies(visit: Visit) -> None:
    page, _ = opened(visit, "Where is my parcel?")
    heading = page.get_by_role("main").get_by_role("heading").first
    number = heading.text_content()
    assert number
    page.keyboard.press("Control+k")
    bar = page.get_by_role("dialog", name="Find an action")
    options = bar.get_by_role("option")
    expect(options.filter(has_text="Pick up").locator("kbd")).to_have_text("P")
    page.keyboard.type("trsf")  # letters of it are enough
    expect(bar.get_by_role("option", selected=True)).to_contain_text("Transfer")
    page.keyboard.press("Enter")
    transfer = page.get_by_role("dialog").get_by_role("button", name="Transfer")
    expect(transfer).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("pick up")
    expect(bar.get_by_role("option", selected=True)).to_contain_text("Pick up")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Anna picked up")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("pick up")
    expect(options.filter(has_text="Pick up")).to_have_count(0)  # it cannot be done any more
    page.keyboard.press("Escape")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("parc")
    expect(options.filter(has_text="Where is my parcel?")).to_be_visible()
    options.filter(has_text="Where is my parcel?").click()
    expect(heading).to_have_text(number)
    expect(page).to_have_url(re.compile(r"/s/\d+/\?message=\d+#m\d+$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("dark colours")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 24)"


def test_shortcuts_are_the_agents_own(visit: Visit) -> None:
    page, _ = opened(visit, agent="ben")
    page.goto("/settings/")
    page.get_by_label("Pick up", exact=True).fill("v")
    page.get_by_role("button", name="Use these letters").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.go_back()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    page.keyboard.press("v")
    expect(page.get_by_text("Ben picked up")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Single keys do something").uncheck()
    save(page)
    page.keyboard.press("?")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find an action")).to_be_visible()
    expect(page.get_by_role("dialog", name="Shortcuts")).not_to_be_visible()
