"""The app around the inbox: keys, command bar, look, alerts, and a line that comes and goes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from ..receiver import Receiver
from ..stories.system import System
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
    expect(page.locator("#head h2")).to_contain_text(numbers[1])
    page.keyboard.press("j")
    expect(page.locator("#head h2")).to_contain_text(numbers[0])
    page.keyboard.press("k")
    expect(page.locator("#head h2")).to_contain_text(numbers[1])
    page.keyboard.press("p")
    expect(page.get_by_text("Anna picked up")).to_be_visible()
    page.keyboard.press("n")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    page.keyboard.type("jkpe")  # letters are text where text is written
    expect(page.get_by_role("textbox", name="Note")).to_have_value("jkpe")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".private")).to_contain_text("jkpe")
    page.keyboard.press("Alt+j")
    expect(page.locator("#head h2")).to_contain_text(numbers[0])
    page.keyboard.press("Alt+k")
    expect(page.locator("#head h2")).to_contain_text(numbers[1])
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


# --- alerts --------------------------------------------------------------------------------------

#: Counts tones and notifications where there is no loudspeaker and no desktop.
LISTEN = """
window.tones = 0; window.shown = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...all) {
  window.tones += 1;
  return start.apply(this, all);
};
ServiceWorkerRegistration.prototype.showNotification = async function (title, more) {
  window.shown.push({ title, body: more.body, tag: more.tag });
};
let state = "visible";
Object.defineProperty(document, "visibilityState", { get: () => state });
window.hide = (hidden) => {
  state = hidden ? "hidden" : "visible";
  document.dispatchEvent(new Event("visibilitychange"));
};
"""


def alerting(visit: Visit, agent: str = "anna") -> Page:
    """An agent's page that counts what it tells."""
    page = visit(agent=agent, permissions=["notifications"])
    page.context.add_init_script(LISTEN)
    page.reload()
    page.mouse.click(5, 5)  # a browser lets a page sound only after it was touched
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    return page


def test_two_tabs_tell_once_and_only_while_nobody_looks(visit: Visit) -> None:
    page, number = alerting(visit), customer()
    other = page.context.new_page()
    other.goto("/")
    tabs = (page, other)
    phone = phone_of(visit, number)
    says(phone, "While somebody looks")
    for tab in tabs:
        expect(row(tab, number, "While somebody looks")).to_be_visible()
    page.evaluate("hide(true)")
    says(phone, "One of them is looked at")
    expect(row(page, number, "One of them")).to_be_visible()
    page.wait_for_timeout(900)  # after which it would have been told
    other.evaluate("hide(true)")
    assert [tab.evaluate("shown.length") for tab in tabs] == [0, 0]
    says(phone, "Nobody looks")
    leader = page.wait_for_function("() => shown.length === 1 && shown[0]").json_value()
    assert (leader["title"], leader["body"]) == (number, "Nobody looks")
    assert page.evaluate("tones") > 0
    assert other.evaluate("[tones, shown.length]") == [0, 0]
    expect(page).to_have_title(re.compile(r"^\(\d+\) Parley$"))
    for tab in tabs:
        expect(tab.locator("#favicon")).to_have_attribute("href", re.compile("^data:image/png"))
    page.evaluate("hide(false)")
    row(page, number).click()
    page.get_by_role("button", name="Pick up").click()
    expect(row(other, number, "You|Nobody")).not_to_contain_text("unread")
    page.close()
    other.mouse.click(5, 5)
    says(phone, "The other tab goes on")
    other.wait_for_function("() => shown.length === 1")


def test_a_closed_page_is_told_by_push(visit: Visit, parley: System) -> None:
    with Receiver() as receiver:
        page = alerting(visit, "ben")
        subscription = receiver.subscription()
        page.evaluate(FAKE, subscription)
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("button", name="Show notifications").click()
        expect(page.get_by_text("This browser shows who wrote, even")).to_be_visible()
        page.close()
        number = customer()
        says(phone_of(visit, number), "Anybody there?")
        parley.wait(receiver.told, 60)
        [told] = receiver.told()
        assert (told["title"], told["body"]) == (number, "Anybody there?")


#: A browser's push service needs the vendor's servers: this one's lies on loopback.
FAKE = """({ endpoint, p256dh, auth }) => {
  localStorage.setItem("parley:notify", "stopped");
  const made = { endpoint, options: {}, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  let now = null;
  PushManager.prototype.getSubscription = async () => now;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    if (applicationServerKey.length !== 65) throw new Error("not a key");
    return (now = made);
  };
}"""


# --- a line that comes and goes ------------------------------------------------------------------


def test_a_restarted_server_is_caught_up_with(visit: Visit, parley: System) -> None:
    page, phone = opened(visit, "Before")
    number = page.get_by_role("main").get_by_role("heading").first.text_content()
    box(page).fill("Half a sent")
    assert parley.front
    parley.stop(parley.front)
    expect(page.get_by_text("Connecting…")).to_be_visible()
    parley.manage(
        "shell",
        "-c",
        "from routing.models import Session; from routing import desk, live; "
        f"s = Session.objects.get(customer__address={number!r}); "
        "desk.say(s, 'noted', 'While you were away'); live.nudge(desk.audiences(s), session=s.pk)",
    )
    parley.start_front()
    expect(page.get_by_text("Back online")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("While you were away")).to_have_count(1, timeout=20_000)
    expect(phone.get_by_text("Connected")).to_be_visible(timeout=20_000)
    says(phone, "After")
    expect(page.get_by_role("log").get_by_text("After")).to_have_count(1)
    expect(page.locator("#messages > .theirs")).to_have_count(2)
    expect(box(page)).to_have_value("Half a sent")


def test_without_a_line_the_app_says_so_and_comes_back(visit: Visit) -> None:
    page = alerting(visit)
    page.context.set_offline(True)
    page.goto("/?view=mine")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    expect(page.get_by_text("This device is offline.")).to_be_visible()
    kept = page.evaluate(
        "caches.keys().then(async ([name]) => (await (await caches.open(name)).keys())"
        ".map((each) => new URL(each.url).pathname))"
    )
    assert kept[0] == "/offline/" and all(path.startswith("/static/") for path in kept[1:])
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Mine")).to_be_visible(timeout=10_000)


# --- the phone, and those who listen to the page -------------------------------------------------


def swipe(page: Page, number: str, by: int) -> None:
    """Drag the row of a customer sideways by so many pixels, as a finger does."""
    link = row(page, number)
    box = link.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + 20
    finger = page.context.new_cdp_session(page)
    point = [{"x": x, "y": y}]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    for part in (0.3, 0.7, 1):
        moved = [{"x": x + by * part, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": moved})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_row_is_swiped_away_and_back(visit: Visit) -> None:
    size = {"width": 390, "height": 844}
    page, number = visit(agent="anna", viewport=size, has_touch=True), customer()
    says(phone_of(visit, number), "Swipe me")
    expect(row(page, number, "Swipe me")).to_be_visible()
    swipe(page, number, -60)  # not far enough
    expect(row(page, number)).to_be_visible()
    swipe(page, number, -180)
    expect(page.get_by_text("1 session archived")).to_be_visible()
    expect(row(page, number)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row(page, number)).to_be_visible()
    swipe(page, number, 180)
    expect(page.get_by_text("1 session closed")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/(\?view=all)?$"))  # it was not opened


def test_new_messages_are_read_out_with_measure(visit: Visit) -> None:
    page, phone = opened(visit, "Hello")
    announcer = page.locator("#announcer")
    says(phone, "One")
    expect(announcer).to_have_text(re.compile("wrote: One$"))
    for text in ("Two", "Three"):
        says(phone, text)
        expect(page.get_by_role("log")).to_contain_text(text)
    expect(announcer).to_have_text("2 new messages", timeout=8_000)
    box(page).fill("Mine")
    box(page).press("Enter")
    expect(phone.get_by_text("Mine")).to_be_visible()
    expect(announcer).to_have_text("2 new messages")  # one's own is not news


def test_nothing_is_cut_off_at_twice_the_size(visit: Visit) -> None:
    page, _ = opened(visit, "A" * 110)
    for size in ({"width": 640, "height": 400}, {"width": 390, "height": 700}):
        page.set_viewport_size(size)
        for path in (page.url, "/", "/settings/"):
            page.goto(path)
            wide = "document.documentElement.scrollWidth"
            assert page.evaluate(wide) <= size["width"], path
