"""Agents and a customer, each in a browser of their own."""

from __future__ import annotations

import re
from itertools import count
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.story]
_customers = count(1)


def customer() -> str:
    return f"+1202555{next(_customers):04d}"


def phone_of(visit: Visit, number: str) -> Page:
    page = visit(f"/phone/?customer={quote(number)}")
    expect(page.get_by_text("Connected")).to_be_visible()
    return page


def says(phone: Page, text: str) -> None:
    phone.get_by_role("textbox", name="Text message").fill(text)
    phone.keyboard.press("Enter")


def row(page: Page, number: str, text: str = "") -> Locator:
    name = re.compile(f"{re.escape(number)}.*{text}", re.S)
    return page.locator("#rows").get_by_role("link", name=name)


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def test_a_text_comes_in_and_the_answer_is_delivered(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, "Is it on its way?")
    row(anna, number, "Is it on its way").click()
    expect(anna.get_by_role("log")).to_contain_text("Is it on its way?")
    anna.get_by_role("button", name="Pick up").click()
    expect(anna.get_by_text("Anna picked up")).to_be_visible()
    box(anna).fill("It is.")
    anna.keyboard.press("Shift+Enter")
    anna.keyboard.type("Tomorrow.")
    anna.keyboard.press("Enter")
    expect(phone.get_by_text("Tomorrow.")).to_be_visible()
    expect(anna.locator(".own .mark.delivered")).to_have_count(1)
    expect(box(anna)).to_be_focused()
    expect(box(anna)).to_have_value("")
    expect(row(anna, number, "You:.*It is")).to_be_visible()
    says(phone, "Wonderful")
    expect(anna.get_by_role("log")).to_contain_text("Wonderful")
    expect(anna.locator("#messages > [data-message]")).to_have_count(4)


def test_two_agents_and_one_pick_up(visit: Visit) -> None:
    anna, ben, number = visit(agent="anna"), visit(agent="ben"), customer()
    says(phone_of(visit, number), "Hello")
    for page in (anna, ben):
        row(page, number, "Hello").click()
    box(ben).fill("Half a sentence")
    anna.get_by_role("button", name="Pick up").click()
    expect(ben.get_by_role("heading", name="Anna was first")).to_be_visible()
    expect(row(ben, number)).to_have_count(0)
    expect(row(anna, number)).to_have_count(1)
    anna.get_by_role("button", name="Transfer").click()
    anna.get_by_role("radio", name="Ben (1002)").check()
    anna.get_by_role("dialog").get_by_role("button", name="Transfer").click()
    expect(row(anna, number)).to_have_count(0)
    row(ben, number).click()
    expect(ben.get_by_text("Anna transferred to Ben")).to_be_visible()
    expect(box(ben)).to_have_value("Half a sentence")


def test_pictures_go_both_ways(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    picture = {"name": "p.png", "mimeType": "image/png", "buffer": anna.screenshot()}
    phone.locator("#picture").set_input_files([picture])
    phone.get_by_role("button", name="Send", exact=True).click()
    row(anna, number).click()
    shown = anna.get_by_role("log").get_by_role("img", name="p.png")
    expect(shown).to_be_visible()
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth }")
    anna.locator("#files").set_input_files([picture])
    anna.get_by_role("button", name="Send").click()
    expect(phone.locator(".ours img")).to_be_visible()
    assert phone.locator(".ours img").evaluate("async (i) => { await i.decode(); return 1 }")


def test_what_was_typed_without_a_network_is_sent_once_later(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, "Hello")
    row(anna, number).click()
    box(anna).fill("Do not lose me")
    anna.context.set_offline(True)
    box(anna).press("Enter")
    expect(anna.get_by_text("Waiting for the connection. It will be sent once.")).to_be_visible()
    expect(anna.get_by_text("Offline. Your text is kept.")).to_be_visible()
    says(phone, "Are you there?")
    anna.context.set_offline(False)
    expect(anna.get_by_text("Back online")).to_be_visible()
    expect(anna.get_by_role("log")).to_contain_text("Are you there?")
    anna.get_by_role("button", name="Send anyway").click()  # the customer wrote meanwhile
    expect(phone.get_by_text("Do not lose me")).to_have_count(1)
    expect(anna.locator(".own")).to_have_count(1)


def test_a_refusal_is_shown_and_tried_again(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    phone = phone_of(visit, number)
    says(phone, "Hello")
    phone.get_by_label("How the provider behaves").select_option("refuses")
    expect(phone.get_by_text("Saved.")).to_be_visible()
    phone.wait_for_timeout(1_500)  # workers keep a channel's settings for a second
    row(anna, number).click()
    box(anna).fill("Once more")
    box(anna).press("Enter")
    expect(anna.get_by_text("Not sent.")).to_be_visible()
    phone.get_by_label("How the provider behaves").select_option("answers")
    phone.wait_for_timeout(1_500)
    anna.get_by_role("button", name="Retry").click()
    expect(phone.get_by_text("Once more")).to_be_visible()
    expect(anna.locator(".own .mark.delivered")).to_have_count(1)


def test_close_locks_and_a_new_session_begins(visit: Visit) -> None:
    anna, number = visit(agent="anna"), customer()
    anna.get_by_role("button", name="New session").click()
    anna.get_by_label("To", exact=True).fill("12")
    box(anna).fill("Good morning")
    anna.get_by_role("button", name="Send").click()
    expect(anna.get_by_role("alert")).to_contain_text("phone number")
    anna.get_by_label("To", exact=True).fill(number)
    anna.get_by_role("button", name="Send").click()
    expect(anna).to_have_url(re.compile(r"/s/\d+/$"))
    anna.get_by_role("button", name="Close").click()
    expect(anna.get_by_text("This session is closed.")).to_be_visible()
    expect(box(anna)).to_have_count(0)
    anna.get_by_role("button", name="Archive").click()
    expect(row(anna, number)).to_have_count(0)
    anna.get_by_role("link", name=re.compile("^Archived")).click()
    expect(row(anna, number, "Good morning")).to_be_visible()


def test_back_and_forward_on_a_phone_show_one_region(visit: Visit) -> None:
    anna, number = visit(agent="anna", viewport={"width": 390, "height": 844}), customer()
    says(phone_of(visit, number), "Hello")
    row(anna, number).click()
    expect(box(anna)).to_be_visible()
    expect(row(anna, number)).not_to_be_visible()
    anna.go_back()
    expect(row(anna, number)).to_be_visible()
    expect(anna.locator("#main")).not_to_be_visible()
    anna.go_forward()
    expect(box(anna)).to_be_visible()
    assert anna.evaluate("document.documentElement.scrollWidth") <= 390
