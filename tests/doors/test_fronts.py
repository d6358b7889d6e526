"""The doors behind the other front: Django's pages alone, under WSGI."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from ..stories.databases import ROOT
from ..stories.system import free_port
from .house import KEY, OURS, House, somebody
from .test_scripts import query

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def web(house: House) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    with (house.parley.folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1", "config.wsgi:application"],
            cwd=ROOT,
            env=house.parley.environment,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    try:
        house.parley.wait(answers, 60, "the WSGI server")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_a_pbx_verifies_and_sends(house: House, web: str) -> None:
    start, headers = f"{web}/api/v1/integration/yeastar/sms", {"Authorization": f"Bearer {KEY}"}
    echoed = requests.get(f"{start}/verify?challenge=abc", headers=headers, timeout=20)
    assert (echoed.status_code, echoed.text) == (200, "abc")
    to = somebody()
    body = {"from": OURS, "to": to, "text": "Grüezi"}
    answer = requests.post(f"{start}/sendmessage", json=body, headers=headers, timeout=20)
    assert answer.json()["data"]["id"]
    refused = requests.post(f"{start}/sendmessage", json=body, timeout=20)
    assert refused.json()["errors"][0]["code"] == "10004"
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to)[0]["text"] == "Grüezi"


@pytest.mark.parametrize("path", ["/ozeki", "/"])
def test_a_script_sends(house: House, web: str, path: str) -> None:
    by_get, by_form = somebody(), somebody()
    asked = requests.get(f"{web}{path}?{query(by_get, 'Gr%FCezi')}", timeout=20)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = requests.post(
        f"{web}{path}", data=query(by_form, "Gr%C3%BCezi"), headers=form, timeout=20
    )
    for answer, to in ((asked, by_get), (posted, by_form)):
        assert b"<Code>200</Code>" in answer.content
        house.parley.wait(lambda to=to: house.sent(to))
        assert house.sent(to)[0]["text"] == "Grüezi"
    assert "/login/" in requests.get(f"{web}/", timeout=20).url
