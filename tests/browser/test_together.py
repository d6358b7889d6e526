"""Two agents at work in two browsers: who is there, who was first, and what is handed over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import Visit
from .test_inbox_live import box, customer, phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]


def test_who_is_there_is_shown_and_gone_with_the_page(visit: Visit) -> None:
    anna, ben, number = visit(agent="anna"), visit(agent="ben"), customer()
    says(phone_of(visit, number), "Hello you two")
    row(anna, number).click()
    expect(anna.get_by_role("log")).to_contain_text("Hello you two")
    row(ben, number).click()
    expect(ben.locator("#here")).to_contain_text("Anna is viewing")
    expect(anna.locator("#here")).to_contain_text("Ben is viewing")
    box(ben).press_sequentially("Dear")
    expect(anna.locator("#here")).to_contain_text("Ben is typing…")
    anna.go_back()
    expect(row(anna, number, "Ben is typing…")).to_be_visible()
    expect(ben.locator("#here")).to_be_empty()
    ben.goto("about:blank")
    expect(anna.locator(".row-here > *")).to_have_count(0)


def test_nobody_answers_past_what_just_came(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, "Can you come on Monday?")
    row(anna, number).click()
    box(anna).press_sequentially("Yes, on Monday")
    says(phone, "No, better Tuesday")
    expect(anna.get_by_role("log")).to_contain_text("better Tuesday")
    anna.get_by_role("button", name="Send").click()
    dialog = anna.get_by_role("dialog")
    expect(dialog).to_contain_text("better Tuesday")
    dialog.get_by_role("link", name="Review").click()
    expect(box(anna)).to_have_value("Yes, on Monday")
    expect(anna.get_by_role("log").locator(".own")).to_have_count(0)
    says(phone, "Or Wednesday?")
    expect(anna.get_by_role("log")).to_contain_text("Wednesday")
    box(anna).press("Enter")
    dialog.get_by_role("button", name="Send anyway").click()
    expect(phone.get_by_text("Yes, on Monday")).to_be_visible()
    expect(box(anna)).to_have_value("")


def test_the_second_learns_who_was_first_and_when(visit: Visit) -> None:
    anna, ben, number = visit(agent="anna"), visit(agent="ben"), customer()
    says(phone_of(visit, number), "Who takes me?")
    for page in (anna, ben):
        row(page, number).click()
        expect(page.get_by_role("button", name="Pick up")).to_be_visible()
    ben.route("**/events", lambda route: route.abort())
    ben.route("**/news/**", lambda route: route.abort())
    anna.get_by_role("button", name="Pick up").click()
    expect(anna.get_by_role("button", name="Pick up")).to_have_count(0)
    ben.get_by_role("button", name="Pick up").click()
    expect(ben.locator("#gone")).to_contain_text(re.compile(r"Anna took it \d+ s ago"))
