"""From a webhook to a bubble on the screen of a real browser, with the agents connected."""

from __future__ import annotations

import http.client
import os
import random
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, sync_playwright

from .events import say, scene
from .figures import percentile
from .letters import Letters, customer
from .rig import Rig, check
from .table import Row

AGENTS, BACKGROUND = 50, 20
WANTED = 1_000.0  # milliseconds
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
#: The script that a page has loaded once it has come to rest, as it travels and unpacked.
_SCRIPT = """() => performance.getEntriesByType("resource")
  .filter((each) => /[.]m?js($|[?])/.test(each.name))
  .reduce((sum, each) => [sum[0] + each.encodedBodySize, sum[1] + each.decodedBodySize], [0, 0])"""
#: Notes when each bubble was painted: the second frame after it came.
_WATCH = """() => {
  window.seen = {};
  const log = document.querySelector('[role="log"]');
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) {
      const found = /Sample (\\d+)/.exec(node.textContent || "");
      if (found && !window.seen[found[1]]) requestAnimationFrame(() => requestAnimationFrame(
        () => { window.seen[found[1]] ??= performance.timeOrigin + performance.now(); }));
    }
  }).observe(log, { childList: true, subtree: true });
}"""


def run(rig: Rig) -> list[Row]:
    check(os.access(CHROMIUM, os.X_OK), "There is no Chromium.")
    samples = 15 if rig.quick else 200
    with rig.section("screen"):
        spec = scene(rig, AGENTS) | {"samples": 1, "background": BACKGROUND}
        rig.front()
        crowd = rig.start("browsers", [sys.executable, "-m", "bench.browsers"], talks=True)
        say(crowd, spec)
        check(say(crowd, {})["connected"] == AGENTS, "Not all browsers connected.")
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
            page = browser.new_context(base_url=rig.url).new_page()
            took, script = _sample(page, rig.url, spec, samples)
            browser.close()
    return [_row(took), _weight(*script)]


def _sample(
    page: Page, url: str, spec: dict[str, Any], count: int
) -> tuple[list[float], list[int]]:
    name, _, value = spec["cookies"][0].partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": url}])
    page.goto(f"/s/{spec['sessions'][0]}/")
    page.wait_for_timeout(1_500)  # an event stream never lets the network come to rest
    script = page.evaluate(_SCRIPT)
    page.evaluate(_WATCH)
    post = _poster(spec)
    began: dict[str, float] = {}
    dice = random.Random(count)
    for n in range(count):
        began[str(n)] = post(n)
        deadline = time.monotonic() + 10
        while not page.evaluate("(n) => window.seen[n]", n):  # the page's policy forbids to wait
            check(time.monotonic() < deadline, "A message did not reach the screen.")
            time.sleep(0.02)
        time.sleep(dice.uniform(0.05, 0.15))
    seen = page.evaluate("window.seen")
    return [seen[n] - at for n, at in began.items()], script


def _poster(spec: dict[str, Any]) -> Callable[[int], float]:
    """Posts the n-th sample to the watched session; returns when, in milliseconds."""
    letters = Letters(spec["webhook"], spec["secret"], spec["number"])
    line = socket.create_connection(("127.0.0.1", spec["port"]))

    def post(n: int) -> float:
        request = letters.request(f"screen-{n}", customer(0), f"Sample {n}")
        at = time.time() * 1000
        line.sendall(request)
        answer = http.client.HTTPResponse(line, method="POST")
        answer.begin()
        said = answer.read()
        check(answer.status == 200, f"The webhook was refused: {answer.status} {said!r}")
        return at

    return post


def _row(took: list[float]) -> Row:
    p50, p95, most = (percentile(took, share) for share in (0.50, 0.95, 1.0))
    return Row(
        f"webhook to the bubble on the screen, {AGENTS} agents connected",
        f"p50 {p50:.0f}, p95 {p95:.0f}, at most {most:.0f} ms over {len(took)} samples",
        target=f"p95 under {WANTED:,.0f} ms",
        met=p95 < WANTED,
    )


def _weight(sent: int, unpacked: int) -> Row:
    return Row(
        "script of an agent's page",
        f"{sent / 1024:.0f} KiB as it travels, {unpacked / 1024:.0f} KiB unpacked",
        target="at most 200 KiB",
        met=sent <= 200 * 1024,
    )
