"""Every example of docs/api.md runs, against the running system."""

from __future__ import annotations

import re
import subprocess
import sys
from urllib.parse import quote

import pytest

from ..stories.databases import ROOT
from .house import KEY, REST_KEY, House, somebody

pytestmark = pytest.mark.story

TEXT = (ROOT / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```(sh|python)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SENDING = [each for each in EXAMPLES if "41791112233" in each[1]]
READING = [each for each in EXAMPLES if "YOUR-TOKEN" in each[1] and each not in SENDING]
OTHERS = [each for each in EXAMPLES if each not in SENDING and each not in READING]


def run(house: House, language: str, code: str, to: str, second: str) -> str:
    changes = {
        "https://desk.example.com": house.parley.url,
        "https://scripts.example.com": house.pbx.url,
        "YOUR-KEY": KEY,
        "YOUR-TOKEN": REST_KEY,
        "order-4711": f"order of {to}",
        "+41791112233": to,
        "%2b41791112233": quote(to),
        "%2b41791112234": quote(second),
    }
    for old, new in changes.items():
        code = code.replace(old, new)
    command = ["bash", "-euc", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_examples_in_both_languages() -> None:
    assert {language for language, _ in EXAMPLES} == {"sh", "python"}
    assert len(SENDING) >= 7 and len(READING) >= 4 and len(OTHERS) >= 2


@pytest.mark.parametrize(("language", "code"), SENDING)
def test_an_example_sends(house: House, language: str, code: str) -> None:
    to, second = somebody(), somebody()
    printed = run(house, language, code, to, second)
    house.parley.wait(lambda: house.sent(to), 20, printed)
    if "%2b41791112234" in code:
        house.parley.wait(lambda: house.sent(second), 20, printed)


@pytest.mark.parametrize(("language", "code"), READING)
def test_an_example_of_the_rest_api_is_answered(house: House, language: str, code: str) -> None:
    printed = run(house, language, code, somebody(), somebody())
    assert "access_token" in printed if "oauth" in code else "error" not in printed


@pytest.mark.parametrize(("language", "code"), OTHERS)
def test_the_other_examples(house: House, language: str, code: str) -> None:
    printed = run(house, language, code, somebody(), somebody())
    assert printed == ("hello" if language == "sh" else "")
