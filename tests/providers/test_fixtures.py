"""Every provider plays its fixtures, and has those that a provider must have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from providers import base, errors, http, registry

from . import played

CASES = played.cases()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; time does not pass."""
    made: list[float] = []
    monkeypatch.setattr("providers.http.blocking.time.sleep", made.append)
    return made


def run(case: played.Case) -> Any:
    """What the case does, by whichever of its four verbs."""
    provider, told = case.provider, case.told
    if "webhook" in told:
        request = played.request_of(told["webhook"])
        provider.verify_webhook(request)
        if "challenge" in told:
            assert provider.challenge(request) == told["challenge"]
        events = provider.parse(request)
        reply = provider.answer(request)
        assert (reply.status, reply.body) == (200, told.get("answers", reply.body))
        return events
    stage = played.Stage(told.get("exchange", []))
    talks = {
        "send": lambda: provider.send(played.outbound_of(told["send"])),
        "check": provider.check_credentials,
        "poll": lambda: provider.poll(tuple(told["poll"])),
    }
    (verb,) = talks.keys() & told.keys()
    try:
        return stage.run(talks[verb](), [])
    finally:
        stage.over()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.slug}-{case.name}")
def test_fixture(case: played.Case) -> None:
    told = case.told
    assert told.keys() <= played.WORDS, f"unknown words: {told.keys() - played.WORDS}"
    assert told["from"], "say where the exchange comes from"
    if "raises" in told:
        wanted = told["raises"]
        with pytest.raises(errors.ProviderError) as caught:
            run(case)
        assert type(caught.value).__name__ == wanted["error"]
        assert wanted.get("says", "") in caught.value.reason
        assert caught.value.code == wanted.get("code", type(caught.value).code)
        assert getattr(caught.value, "after", None) == wanted.get("after")
    elif "webhook" in told or "poll" in told:
        assert run(case) == [played.event_of(each) for each in told["gives"]]
    else:
        assert run(case) == told["gives"]


def needed(slug: str) -> set[str]:
    """The fixtures that this provider must have."""
    adapter = registry.get(slug)
    names = {"send_text", "inbound_text", "inbound_garbage", "inbound_truncated", "inbound_charset"}
    if adapter.has_reports:
        names |= {"status_delivered", "status_failed"}
    if adapter.media:
        names |= {"send_media", "inbound_media"}
    if adapter.polls:
        names |= {"poll_reports"}
    if adapter.check_credentials is not base.Provider.check_credentials:
        names |= {"check_good", "check_bad"}
    if adapter.verify_webhook is not base.Provider.verify_webhook:
        names |= {"inbound_bad_signature", "inbound_no_signature"}
    if adapter.challenge is not base.Provider.challenge:
        names |= {"challenge"}
    return names


def errors_needed(slug: str) -> set[str]:
    """The errors of sending that this provider's fixtures must show."""
    if registry.get(slug).virtual:
        return {"Rejected", "Throttled", "Unavailable", "Uncertain"}
    return {"Rejected", "BadCredentials", "Throttled", "Unavailable", "Uncertain"}


@pytest.mark.parametrize("slug", registry.slugs())
def test_provider_has_the_required_fixtures(slug: str) -> None:
    own = [case for case in CASES if case.slug == slug]
    missing = needed(slug) - {case.name for case in own}
    assert not missing, f"fixtures/{slug}/ lacks {', '.join(sorted(missing))}"
    shown = {case.told["raises"]["error"] for case in own if {"send", "raises"} <= case.told.keys()}
    missing = errors_needed(slug) - shown
    assert not missing, f"fixtures/{slug}/ shows no {', '.join(sorted(missing))}"


def test_every_folder_belongs_to_a_provider() -> None:
    folders = {path.name for path in played.FOLDER.iterdir()}
    assert folders == set(registry.slugs())


@pytest.mark.parametrize("slug", registry.slugs())
def test_the_setup_begins_with_a_step_and_names_the_webhook(slug: str) -> None:
    setup = registry.get(slug).setup
    assert setup.startswith("1. ")
    assert "{webhook_url}" in setup or "{webhook_path}" in setup
    assert max(map(len, setup.splitlines())) < 250


def test_a_delay_is_waited_for(waits: list[float]) -> None:
    sandbox = registry.get("sandbox")({"behaviour": "slow"})
    message = base.Outbound("+41791234510", "+41791112233", "Hi", "ref1")
    assert http.Carrier().run(sandbox.send(message), []) == "sbx-ref1"
    assert waits == [5.0]


def test_the_example_of_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/adding-a-provider.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    module: dict[str, Any] = {"__package__": "providers.adapters", "__name__": "example"}
    exec(compile(code, "example", "exec"), module)
    monkeypatch.setattr(played.registry, "get", lambda slug: module["Adapter"])
    blocks = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        test_fixture(played.Case("example", "example", json.loads(block)))
