"""Two agents at work in two browsers: who is there, who was first, and what is handed over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ..stories.system import System
from .conftest import Visit
from .test_inbox_live import box, customer, phone_of, row, says

pytestmark = [pytest.mark.browser, pytest.mark.story]
ASKED = (
    "from routing.models import *; ClosingRule.objects.create(queue_id={queue}, category='must'); "
    "Category.objects.create(name='Invoice')"
)
SUPERVISES = (
    "from django.contrib.auth.models import *; User.objects.get(username='ben')"
    ".user_permissions.add(Permission.objects.get(codename='supervise'))"
)


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


def taken(visit: Visit, text: str) -> tuple[Page, Page, str]:
    """Anna's page with a session that she picked up, its customer's phone and number."""
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, text)
    row(anna, number).click()
    anna.get_by_role("button", name="Pick up").click()
    expect(anna.get_by_text("Anna picked up")).to_be_visible()
    return anna, phone, number


def more(page: Page, action: str) -> None:
    item = page.get_by_role("button", name=action, exact=True)
    for _ in range(10):  # what comes in meanwhile may close the menu
        if item.is_visible():
            break
        page.get_by_role("button", name="More", exact=True).click()
        page.wait_for_timeout(300)
    item.click()


def test_a_snoozed_session_sleeps_until_the_customer_writes(visit: Visit) -> None:
    anna, phone, number = taken(visit, "Not so urgent")
    more(anna, "Urgent")
    expect(row(anna, number, "urgent")).to_be_visible()
    more(anna, "Snooze")
    anna.get_by_role("dialog").get_by_role("button", name="Until they reply").click()
    expect(anna.get_by_role("heading", name="Snoozed")).to_be_visible()
    expect(row(anna, number)).to_have_count(0)
    anna.locator("#tab-snoozed").click()
    expect(row(anna, number, "Until a reply")).to_be_visible()
    anna.locator("#tab-all").click()
    says(phone, "Now it is")
    expect(row(anna, number, "Back")).to_be_visible()
    row(anna, number).click()
    expect(anna.get_by_text("Back: the customer replied")).to_be_visible()


def test_a_transfer_tells_status_and_takes_a_note_along(visit: Visit) -> None:
    anna, _, number = taken(visit, "Mówi pan po polsku?")
    ben = visit(agent="ben")
    ben.locator("#status-button").click()
    ben.get_by_role("button", name="Busy", exact=True).click()
    expect(ben.locator("#status")).to_have_attribute("data-state", "busy")
    anna.get_by_role("button", name="Transfer").click()
    dialog = anna.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill("ben")
    expect(dialog.get_by_role("radio")).to_have_count(1)
    expect(dialog.get_by_role("radio", name=re.compile("Ben.*Busy", re.S))).to_be_checked()
    dialog.get_by_label("Note for whoever gets it").fill("Speaks Polish only")
    dialog.get_by_role("button", name="Transfer").click()
    expect(row(anna, number)).to_have_count(0)
    row(ben, number).click()
    expect(ben.get_by_text("Speaks Polish only")).to_be_visible()


def test_closing_asks_for_a_category_and_goes_on_to_the_next(visit: Visit, parley: System) -> None:
    anna, _, number = taken(visit, "Thank you, that was all")
    queue = parley.sql("SELECT id FROM routing_queue")[0][0]
    parley.manage("shell", "-c", ASKED.format(queue=queue))
    try:
        others = anna.locator("#rows .row").count()
        more(anna, "Close and next")
        dialog = anna.get_by_role("dialog")
        dialog.get_by_label("Invoice").check()
        dialog.get_by_role("button", name="Close and next").click()
        expect(row(anna, number, "Closed")).to_be_visible()
        if others > 1:
            expect(anna.locator("#thread h2")).not_to_contain_text(number)
        row(anna, number).click()
        expect(anna.get_by_text("Anna closed the session: Invoice")).to_be_visible()
    finally:
        parley.manage(
            "shell", "-c", "from routing.models import *; ClosingRule.objects.all().delete()"
        )


def test_a_supervisor_watches_and_reassigns(visit: Visit, parley: System) -> None:
    anna, phone, number = taken(visit, "May I speak to your manager?")
    parley.manage("shell", "-c", SUPERVISES)
    ben = visit(agent="ben")
    ben.get_by_role("link", name="Supervise").click()
    agents = ben.get_by_role("region", name="Agents")
    expect(agents).to_contain_text(number)
    box(anna).press_sequentially("Of course")
    expect(agents).to_contain_text("typing to")
    agents.get_by_role("link", name=number).click()
    expect(ben.get_by_text("May I speak to your manager?")).to_be_visible()
    expect(anna.locator("#here")).to_be_empty()
    says(phone, "Hello?")
    expect(ben.get_by_text("Hello?")).to_be_visible()
    ben.get_by_role("button", name="Reassign").click()
    ben.get_by_role("dialog").get_by_role("radio", name="Ben (1002)").check()
    ben.get_by_role("dialog").get_by_role("button", name="Reassign").click()
    expect(ben.get_by_text("Ben transferred to Ben")).to_be_visible()
    expect(row(anna, number)).to_have_count(0)
    expect(row(ben, number)).to_have_count(1)
