"""Two agents at work in two browsers: who is there, who was first, and what is handed over."""

from __future__ import annotations

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
    ben.goto("about:blank")
    expect(anna.locator("#here")).to_be_empty()
