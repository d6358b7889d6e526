"""Real browsers on a real Parley: pages, event stream and worker as an operator runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ..conftest import CHROMIUM
from ..stories.system import System

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: What a browser writes to its console for answers that the page itself deals with.
EXPECTED = ("Failed to load resource", "htmx:afterRequest", "htmx:sendError")
CONFIGURATION = """
extensions:
  - {number: "1001", name: Anna, username: anna, password: a-password-for-anna}
  - {number: "1002", name: Ben, username: ben, password: a-password-for-ben}
queues:
  - {name: Support, pickup: manual, members: ["1001", "1002"]}
channels:
  - name: Virtual phone
    provider: sandbox
    rate: 50
    numbers:
      - {number: "+41440001001", inbound: {queue: Support}, may_start: ["1001"]}
"""

Visit = Callable[..., Page]


# Not for the session: while it is open its event loop runs, and no test can start another.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def parley() -> Iterator[System]:
    with System(CONFIGURATION, environment={"DEMO": "1"}) as system:
        yield system


@pytest.fixture
def visit(chromium: Browser, parley: System) -> Iterator[Visit]:
    """``visit("/phone/")``, or ``visit(agent="anna")`` for a page that is logged in.

    Fails the test if any page had an error in its script or broke its own policy.
    """
    contexts, errors = [], []

    def open_page(path: str = "/", agent: str = "", **options: object) -> Page:
        context = chromium.new_context(base_url=parley.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: line.type == "error" and errors.append(line.text),
        )
        page.goto(path)
        if agent:
            page.get_by_label("Username").fill(agent)
            page.get_by_label("Password").fill(f"a-password-for-{agent}")
            page.get_by_role("button", name="Log in").click()
            page.locator("#rows-box").wait_for()
            if "view=" in page.url or "sort=" in page.url:  # where this agent was last
                page.goto("/?view=all")
            page.get_by_role("heading", name="All sessions").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [error for error in errors if not error.startswith(EXPECTED)] == []
