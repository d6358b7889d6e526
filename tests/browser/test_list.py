"""The list in a real browser: searching, filters, selecting, and what must not jump."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visit
from .test_inbox_live import customer, phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]


def search(page: Page, question: str) -> None:
    page.get_by_role("searchbox").fill(question)
    page.keyboard.press("Enter")


def test_search_opens_the_thread_at_the_message(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, "My zebra has escaped")
    for n in range(25):
        says(phone, f"Line {n}")
        expect(phone.get_by_text(f"Line {n}", exact=True)).to_be_visible()
    expect(row(anna, number, "Line 24")).to_be_visible()
    search(anna, "ZEBR")
    expect(anna).to_have_url(re.compile(r"/\?q=ZEBR$"))
    hit = anna.locator(".hit").get_by_role("link", name=re.compile("zebra"))
    expect(hit.locator("mark")).to_have_text("zebr")
    hit.click()
    expect(anna).to_have_url(re.compile(r"/s/\d+/\?q=ZEBR&message=(\d+)#m\1$"))
    sought = anna.get_by_role("log").get_by_text("My zebra has escaped")
    expect(sought).to_be_in_viewport()
    expect(anna.locator("#messages > .found")).to_have_count(1)
    expect(anna.locator("#messages > .found")).to_have_count(0)
    says(phone, "And another thing")
    expect(anna.get_by_role("log")).to_contain_text("And another thing")
    expect(sought).to_be_in_viewport()
    anna.reload()
    expect(sought).to_be_in_viewport()
    anna.go_back()
    expect(anna.get_by_role("heading", name="Nothing open")).to_be_visible()
    expect(anna.get_by_role("heading", name="Search")).to_be_visible()
    anna.get_by_role("link", name="End the search").click()
    expect(anna.get_by_role("heading", name="All sessions")).to_be_visible()
    spaced = f"{number[:2]} {number[2:5]} {number[5:]}"
    search(anna, spaced)
    expect(row(anna, number)).to_be_visible()


def test_filters_are_addresses_with_chips(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    says(phone_of(visit, number), "Hello")
    expect(row(anna, number, "Hello")).to_be_visible()
    anna.locator("#filters summary").click()
    anna.get_by_label("State").select_option("Not sent")
    anna.get_by_label("Queue").select_option("Support")
    anna.get_by_role("button", name="Show", exact=True).click()
    expect(anna).to_have_url(re.compile(r"/\?queue=\d+&state=failed$"))
    expect(row(anna, number)).to_have_count(0)
    anna.get_by_role("link", name="Remove the filter Not sent").click()
    expect(row(anna, number)).to_be_visible()
    expect(anna).to_have_url(re.compile(r"/\?queue=\d+$"))
    anna.go_back()
    expect(row(anna, number)).to_have_count(0)
    anna.go_forward()
    expect(row(anna, number)).to_be_visible()
    anna.get_by_role("link", name=re.compile("^Support")).click()
    expect(anna.get_by_role("heading", name="Support")).to_be_visible()
    expect(row(anna, number)).to_be_visible()


def test_archive_many_and_undo(visit: Visit) -> None:
    anna, numbers = visit(agent="anna"), [customer(), customer(), customer()]
    for number in numbers:
        says(phone_of(visit, number), "Bulk")
        expect(row(anna, number, "Bulk")).to_be_visible()
    boxes = [anna.get_by_role("checkbox", name=f"Select {number}") for number in numbers]
    anna.get_by_role("button", name="Select sessions").click()
    boxes[2].check()
    boxes[0].click(modifiers=["Shift"])
    expect(anna.get_by_text("3 selected")).to_be_visible()
    many = anna.get_by_role("form", name="Selected sessions")
    many.get_by_role("button", name="Archive").click()
    expect(anna.get_by_text("3 sessions archived")).to_be_visible()
    for number in numbers:
        expect(row(anna, number)).to_have_count(0)
    anna.get_by_role("button", name="Undo").click()
    for number in numbers:
        expect(row(anna, number)).to_be_visible()
    row(anna, numbers[0]).focus()
    anna.keyboard.press("x")
    expect(anna.get_by_text("1 selected")).to_be_visible()
    many.get_by_role("button", name="Close").click()
    expect(anna.get_by_text("1 session closed")).to_be_visible()
    expect(row(anna, numbers[0])).to_contain_text("Closed")
    anna.get_by_role("button", name="Undo").click()
    expect(row(anna, numbers[0])).not_to_contain_text("Closed")


def test_a_new_message_moves_nothing_while_the_list_is_scrolled(visit: Visit) -> None:
    size = {"width": 1024, "height": 420}
    anna, numbers = visit(agent="anna", viewport=size), [customer() for _ in range(4)]
    for number in numbers:
        says(phone_of(visit, number), "Earlier")
        expect(row(anna, number, "Earlier")).to_be_visible()
    rows = anna.locator("#rows-box")
    rows.evaluate("box => { box.scrollTop = 100 }")
    anna.wait_for_timeout(300)
    second = row(anna, numbers[2])
    before = second.bounding_box()
    late = customer()
    says(phone_of(visit, late), "Newest")
    newer = anna.get_by_role("button", name="1 newer")
    expect(newer).to_be_visible()
    assert second.bounding_box() == before and row(anna, late).count() == 0
    newer.click()
    expect(row(anna, late, "Newest")).to_be_in_viewport()
    expect(newer).not_to_be_visible()
