"""Sending in a real browser: at once, later, without a line, in fewer segments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .test_inbox_live import box, customer, phone_of, row, says
from .test_writing import opened

pytestmark = [pytest.mark.browser, pytest.mark.story]


def test_what_is_sent_without_a_line_is_shown_held_and_sent_once(visit: Visit) -> None:
    page, phone = opened(visit)
    page.context.set_offline(True)
    for words in ("First", "Second"):
        box(page).fill(words)
        box(page).press("Enter")
    held = page.locator("#messages > .held")
    expect(held).to_have_count(2)
    expect(held.first).to_contain_text("Waiting for the connection. It will be sent once.")
    expect(box(page)).to_have_value("")
    page.context.set_offline(False)
    expect(held).to_have_count(0)
    expect(page.locator("#messages > .own")).to_have_count(2)
    expect(phone.get_by_text("Second", exact=True)).to_be_visible()
    expect(phone.get_by_text("First", exact=True)).to_have_count(1)


def test_two_texts_in_a_row_both_leave(visit: Visit) -> None:
    page, phone = opened(visit)
    for words in ("One after", "the other"):
        box(page).fill(words)
        box(page).press("Enter")
    expect(phone.get_by_text("the other", exact=True)).to_be_visible()
    expect(page.locator("#messages > .held")).to_have_count(0)
    expect(page.locator("#messages > .own")).to_have_count(2)


def test_a_message_for_later_is_changed_and_sent_now(visit: Visit) -> None:
    page, phone = opened(visit)
    box(page).fill("Good morning")
    page.locator("#act-later").click()
    page.get_by_role("button", name=re.compile("Tomorrow morning")).click()
    expect(page.locator(".leaving")).to_contain_text(re.compile(r"09:00"))
    expect(box(page)).to_have_value("")
    page.get_by_role("button", name="Change").click()
    day = datetime.now(UTC) + timedelta(days=3)
    page.get_by_label("Another time").fill(f"{day:%Y-%m-%d}T10:35")
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(page.locator(".leaving")).to_contain_text("10:35")
    page.get_by_role("button", name="Send now").click()
    expect(phone.get_by_text("Good morning")).to_be_visible()


def test_dear_letters_are_named_and_replaced(visit: Visit) -> None:
    page, _ = opened(visit)
    text = "It\u2019s on its way \u2014 " + "today or tomorrow, we think " * 3
    box(page).fill(text)
    page.get_by_role("button", name="Make it 1 segment").click()
    costly = page.locator("#costly")
    expect(costly.locator("mark")).to_have_count(2)
    page.get_by_role("button", name="Use this text").click()
    expect(box(page)).to_have_value(re.compile(r"^It's on its way - today"))
    expect(costly).not_to_be_visible()
    expect(page.locator("#counter")).to_contain_text("1 segment")


def test_enter_breaks_the_line_where_that_is_chosen(visit: Visit) -> None:
    page, phone = opened(visit)
    page.locator("#desk").evaluate("desk => { desk.dataset.enter = 'breaks' }")
    box(page).press_sequentially("One")
    box(page).press("Enter")
    box(page).press_sequentially("Two")
    expect(box(page)).to_have_value("One\nTwo")
    box(page).press("Control+Enter")
    expect(phone.get_by_text("Two")).to_be_visible()


def test_one_message_is_quoted_and_the_next_session_opens(visit: Visit) -> None:
    page, _ = opened(visit, "Where is it?")
    other = customer()
    says(phone_of(visit, other), "Somebody else")
    page.locator("#messages > .theirs").first.hover()
    page.get_by_role("button", name="Message actions").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("> Where is it?\n")
    box(page).press("Alt+ArrowUp")
    expect(page.get_by_role("button", name="Message actions: Where is it?")).to_be_focused()
    row(page, other).click()
    expect(page.get_by_role("log")).to_contain_text("Somebody else")
    expect(page.locator("#message-handle")).not_to_be_visible()
