"""What helps an agent to write: drafts in every tab, Undo, canned replies, notes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ..stories.system import System
from .conftest import Visit
from .test_inbox_live import box, customer, phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]


def opened(visit: Visit, text: str = "Hello", agent: str = "anna") -> tuple[Page, Page]:
    """An agent's page with a customer's session, and the customer's phone."""
    page, number = visit(agent=agent), customer()
    phone = phone_of(visit, number)
    says(phone, text)
    row(page, number, text).click()
    expect(page.get_by_role("log")).to_contain_text(text)
    return page, phone


def kept(page: Page) -> None:
    """Wait until the server has the draft."""
    page.wait_for_function("() => !Object.keys(sessionStorage).some(k => k.includes('draft'))")


def test_a_draft_is_in_another_tab_and_gone_once_sent(visit: Visit) -> None:
    page, phone = opened(visit)
    box(page).press_sequentially("Dear custo")
    kept(page)
    other = page.context.new_page()
    other.goto(page.url)
    expect(box(other)).to_have_value("Dear custo")
    box(page).press_sequentially("mer")
    expect(box(other)).to_have_value("Dear customer")
    box(other).press_sequentially(", hello")  # and back
    expect(box(page)).to_have_value("Dear customer, hello")
    page.reload()
    expect(box(page)).to_have_value("Dear customer, hello")
    box(page).press("Enter")
    expect(phone.get_by_text("Dear customer, hello")).to_be_visible()
    for tab in (page, other):
        expect(box(tab)).to_have_value("")
    page.reload()
    expect(box(page)).to_have_value("")


def test_a_draft_survives_a_cut_line_and_a_change_of_session(visit: Visit) -> None:
    page, _ = opened(visit)
    address = page.url
    page.context.set_offline(True)
    box(page).fill("Typed without a line")
    page.wait_for_timeout(1500)  # the pause after which it would be kept
    page.context.set_offline(False)
    page.goto("/")
    page.goto(address)
    expect(box(page)).to_have_value("Typed without a line")
    kept(page)


def test_undo_brings_the_message_back_and_nothing_leaves(visit: Visit) -> None:
    page, phone = opened(visit)
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("10 seconds").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.go_back()
    box(page).fill("A mistake")
    box(page).press("Enter")
    expect(page.locator(".leaving")).to_contain_text(re.compile(r"Leaves in \d+ s"))
    box(page).fill("second thoughts")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("log").locator(".own")).to_have_count(0)
    expect(box(page)).to_have_value("A mistake\nsecond thoughts")
    expect(box(page)).to_be_focused()
    box(page).fill("Just right")
    box(page).press("Enter")
    expect(phone.get_by_text("Just right")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(phone.get_by_text("A mistake")).to_have_count(0)
    page.goto("/settings/")
    page.get_by_label("Off").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()


def test_canned_replies_are_found_and_taken_by_the_keyboard(visit: Visit, parley: System) -> None:
    parley.manage(
        "shell",
        "-c",
        "from routing.models import *; make = CannedReply.objects.create; "
        "make(shortcut='hours', text='We are here from 9 to 17. {agent}'); "
        "make(shortcut='hello', text='Dear {customer}, welcome.')",
    )
    page, phone = opened(visit)
    box(page).press_sequentially("/")
    offers = page.get_by_role("listbox", name="Canned replies")
    expect(offers.get_by_role("option")).to_have_count(2)
    box(page).press_sequentially("ho")
    expect(offers.get_by_role("option")).to_have_count(1)
    box(page).press("Escape")
    expect(offers).not_to_be_visible()
    box(page).fill("")
    box(page).press_sequentially("/h")
    expect(offers.get_by_role("option", selected=True)).to_contain_text("/hello")
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(box(page)).to_have_value("We are here from 9 to 17. Anna")
    box(page).press("Enter")
    expect(phone.get_by_text("We are here from 9 to 17. Anna")).to_be_visible()
    box(page).press_sequentially("/hel")
    expect(offers.get_by_role("option")).to_have_count(1)
    box(page).press("Tab")
    expect(box(page)).to_have_value("Dear {customer}, welcome.")
    box(page).press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Fill in {customer} first.")
    page.keyboard.insert_text("Zoë")  # the variable is what is marked
    expect(box(page)).to_have_value("Dear Zoë, welcome.")


def test_a_note_calls_a_colleague_and_never_reaches_the_customer(visit: Visit) -> None:
    ben = visit(agent="ben")
    page, phone = opened(visit)
    page.get_by_role("button", name="Pick up").click()
    expect(page.get_by_text("Anna picked up")).to_be_visible()
    page.get_by_role("button", name="Note", exact=True).click()
    note = page.get_by_role("textbox", name="Note")
    expect(note).to_be_focused()
    note.press_sequentially("Can you help, @b")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Ben")
    note.press("Enter")
    expect(note).to_have_value("Can you help, @Ben ")
    note.press("Enter")
    expect(page.locator(".private")).to_contain_text("Can you help, @Ben")
    expect(box(page)).to_be_focused()
    expect(ben.get_by_role("link", name=re.compile("Mentions.*1"))).to_be_visible()
    ben.get_by_role("link", name="Mentions").click()
    ben.get_by_role("link", name=re.compile("Can you help")).click()
    expect(ben.get_by_role("log")).to_contain_text("Can you help, @Ben")
    expect(ben.get_by_text("You can add a note")).to_be_visible()
    expect(ben.get_by_role("button", name="Close")).to_have_count(0)
    ben.get_by_role("button", name="Note", exact=True).click()
    ben.get_by_role("textbox", name="Note").fill("Tell them Tuesday")
    ben.get_by_role("button", name="Add note").click()
    expect(page.locator(".private").last).to_contain_text("Tell them Tuesday")
    box(page).fill("It comes on Tuesday")
    box(page).press("Enter")
    expect(phone.get_by_text("It comes on Tuesday")).to_be_visible()
    expect(phone.get_by_text("Tell them")).to_have_count(0)
    expect(phone.get_by_text("Can you help")).to_have_count(0)


def test_an_earlier_session_is_folded_in_above_the_thread(visit: Visit) -> None:
    page, phone = opened(visit, "The first time")
    page.get_by_role("button", name="Pick up").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("Anna closed the session")).to_be_visible()
    first = page.url
    says(phone, "The second time")
    page.get_by_role("link", name=re.compile("The second time")).click()
    expect(page).not_to_have_url(first)
    page.get_by_role("link", name="1 earlier session").click()
    page.get_by_text("by Anna").click()
    fold = page.get_by_role("list", name="Messages of an earlier session")
    expect(fold).to_contain_text("The first time")
    box(page).fill("Still here")
    box(page).press("Enter")
    expect(page.locator("#messages > .own")).to_have_count(1)
    expect(phone.get_by_text("Still here")).to_be_visible()
