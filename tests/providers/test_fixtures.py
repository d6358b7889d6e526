"""Every provider plays its fixtures, and has those that a provider must have."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import pytest
import time_machine

from providers import base, errors, http, registry
from providers.capabilities import has

from . import needed, played

CASES = played.cases()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; time does not pass."""
    made: list[float] = []
    monkeypatch.setattr("providers.http.blocking.time.sleep", made.append)
    return made


def run(case: played.Case, *, verify: bool = True) -> Any:
    """What the case does, by whichever of its verbs."""
    now = case.told.get("now")
    with time_machine.travel(now, tick=False) if now else contextlib.nullcontext():
        if case.verb == "webhook":
            return visit(case, verify=verify)
        stage = played.Stage(case.told.get("exchange", []))
        try:
            return stage.run(played.talk_of(case, case.provider), [])
        finally:
            stage.over()


def visit(case: played.Case, *, verify: bool) -> list[base.Event]:
    provider, told = case.provider, case.told
    request = played.request_of(told["webhook"])
    if verify:
        provider.verify_webhook(request)
    if "challenge" in told:
        assert provider.challenge(request) == told["challenge"]
    events = provider.parse(request)
    reply, wanted = provider.answer(request), told.get("answers", {})
    wanted = {"body": wanted} if isinstance(wanted, str) else wanted
    for name, value in {"status": 200, **wanted}.items():
        assert getattr(reply, name) == value
    return events


def outcome(case: played.Case) -> str:
    """What became of it, in a word: of reports their status, of a talk "ok" or the error."""
    if case.verb in ("webhook", "poll", "collect"):
        found = run(case, verify=False)
        events = found.events if isinstance(found, base.Batch) else found
        return " ".join(each.status for each in events)
    try:
        run(case)
    except errors.ProviderError as error:
        return type(error).__name__
    return "ok"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.slug}-{case.name}")
def test_fixture(case: played.Case) -> None:
    told = case.told
    assert told.keys() <= played.WORDS, f"unknown words: {told.keys() - played.WORDS}"
    assert told["from"], "say where the exchange comes from"
    if "words" in told:
        assert {w: outcome(case.with_word(w)) for w in told["words"]} == told["words"]
    elif "raises" in told:
        wanted = told["raises"]
        with pytest.raises(errors.ProviderError) as caught:
            run(case)
        assert type(caught.value).__name__ == wanted["error"]
        assert wanted.get("says", "") in caught.value.reason
        assert caught.value.code == wanted.get("code", type(caught.value).code)
        assert getattr(caught.value, "after", None) == wanted.get("after")
    else:
        assert run(case) == played.gives_of(case.verb, told.get("gives"))


@pytest.mark.parametrize("slug", registry.slugs())
def test_provider_has_the_required_fixtures(slug: str) -> None:
    own = [case for case in CASES if case.slug == slug]
    excused = needed.contract(slug).get("lacks", {})
    assert all(excused.values()), "say why, and where it stands"
    missing = needed.fixtures(slug) - {case.name for case in own} - excused.keys()
    assert not missing, f"fixtures/{slug}/ lacks {', '.join(sorted(missing))}"
    shown = {case.told["raises"]["error"] for case in own if {"send", "raises"} <= case.told.keys()}
    for case in own:
        shown |= set(case.told.get("words", {}).values()) if case.verb == "send" else set()
    missing = needed.errors(slug) - shown - excused.keys()
    assert not missing, f"fixtures/{slug}/ shows no {', '.join(sorted(missing))}"


@pytest.mark.parametrize("slug", registry.slugs())
def test_what_the_fixtures_show_is_what_they_are_named_for(slug: str) -> None:
    sent = {
        case.name: case.told["send"] for case in CASES if case.slug == slug and "send" in case.told
    }
    if long := sent.get("send_long_unicode"):
        said = long["text"]  # "{long}" is one
        assert len(said) >= needed.LONG and not said.isascii()
    media = registry.get(slug).media
    if "send_media" in sent:
        assert sent["send_media"]["media"], "send_media sends a file"
        assert not (media and media.inline) or sent["send_media"]["media"][0].get("content")
    if "send_template" in sent:
        assert sent["send_template"]["template"]


@pytest.mark.parametrize("slug", registry.slugs())
def test_every_report_word_of_the_provider_is_played(slug: str) -> None:
    """A table called STATUSES holds the provider's words; the fixtures show each of them."""
    module = __import__(registry.get(slug).__module__, fromlist=["Adapter"])
    shown: set[str] = set()
    for case in CASES:
        if case.slug == slug and case.verb in ("webhook", "poll", "collect"):
            shown |= set(case.told.get("words", ()))
            shown |= set(re.findall(r"[^\"\\]+", json.dumps(case.told)))
    missing = {str(word) for word in getattr(module, "STATUSES", {})} - shown
    assert not missing, f"no fixture of {slug} shows the words {', '.join(sorted(missing))}"


@pytest.mark.parametrize("slug", registry.slugs())
def test_provider_has_its_page(slug: str) -> None:
    page = needed.ROOT / "docs" / "providers" / f"{slug}.md"
    assert page.exists(), f"docs/providers/{slug}.md is missing"
    assert page.read_text().startswith("# ")


@pytest.mark.parametrize("slug", [slug for slug in registry.slugs() if registry.get(slug).linked])
def test_a_provider_with_a_session_is_tested_there(slug: str) -> None:
    assert needed.tests_of_link(slug), f"tests/links/ has nothing about {slug}"


def test_every_folder_belongs_to_a_provider() -> None:
    folders = {path.name for path in played.FOLDER.iterdir()}
    assert folders <= set(registry.slugs())


@pytest.mark.parametrize("slug", registry.slugs())
def test_the_setup_begins_with_a_step_and_names_the_webhook(slug: str) -> None:
    adapter = registry.get(slug)
    assert adapter.setup.startswith("1. ")
    assert max(map(len, adapter.setup.splitlines())) < 250
    if has(adapter, "parse_inbound") and not has(adapter, "connect"):
        assert "{webhook_url}" in adapter.setup or "{webhook_path}" in adapter.setup


def test_a_delay_is_waited_for(waits: list[float]) -> None:
    sandbox = registry.get("sandbox")({"behaviour": "slow"})
    message = base.Outbound("+41791234510", "+41791112233", "Hi", "ref1")
    assert http.Carrier().run(sandbox.send(message), []) == "sbx-ref1"
    assert waits == [5.0]


def test_the_example_of_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (needed.ROOT / "docs/adding-a-provider.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    module: dict[str, Any] = {"__package__": "providers.adapters", "__name__": "example"}
    exec(compile(code, "example", "exec"), module)
    monkeypatch.setattr(played.registry, "get", lambda slug: module["Adapter"])
    blocks = [b for b in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "credentials" in b]
    assert len(blocks) == 3
    for block in blocks:
        test_fixture(played.Case("example", "example", json.loads(block)))
