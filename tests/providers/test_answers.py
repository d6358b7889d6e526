"""Whatever a provider answers, a talk ends with its result or an error that says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import base, errors, http

from . import anything, played

MOST_CALLS = 20  # a talk that asks on and on must not go on for ever
STATUSES = [200, 200, 200, 201, 204, 400, 401, 404, 409, 429, 500, 503]
TALKING = [
    slug
    for slug in anything.SLUGS
    if any(case.told.get("exchange") for case in anything.cases(slug))
]


class Answering(http.Carrier):
    """Gives the same answer to every call."""

    def __init__(self, *answers: base.Answer) -> None:
        super().__init__()
        self.answers, self.asked = answers, 0

    def perform(self, call: base.Call) -> base.Answer:
        self.asked += 1
        if self.asked > MOST_CALLS:
            raise errors.Unavailable("enough")
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.http.blocking.time.sleep", lambda seconds: None)


def play(case: played.Case, *answers: base.Answer) -> None:
    """Play the talk of a case with other answers."""
    try:
        found: Any = Answering(*answers).run(played.talk_of(case, case.provider), [])
    except errors.ProviderError as error:
        assert error.reason
        if case.verb != "send":
            assert not isinstance(error, errors.Uncertain), "nothing was sent"
        return
    events = found.events if isinstance(found, base.Batch) else found if case.verb == "poll" else ()
    for event in events:
        anything.keepable(event)
    if case.verb == "send":
        assert isinstance(found, str) or all(isinstance(each, str) for each in found)


def one_of_each(slug: str) -> list[played.Case]:
    """A case of each verb that talks."""
    found = {case.verb: case for case in anything.cases(slug) if case.told.get("exchange")}
    return list(found.values())


@pytest.mark.parametrize("slug", TALKING)
def test_any_answer(slug: str) -> None:
    @anything.SETTINGS
    @given(
        st.sampled_from(one_of_each(slug)),
        st.sampled_from(STATUSES),
        anything.bodies(slug, "exchange"),
    )
    def each(case: played.Case, status: int, body: bytes) -> None:
        play(case, base.Answer(status, {}, body))

    each()


@pytest.mark.parametrize("slug", TALKING)
def test_a_good_answer_with_one_field_replaced(slug: str) -> None:
    good = [
        case
        for case in anything.cases(slug)
        if "gives" in case.told
        and any("json" in s.get("answer", {}) for s in case.told.get("exchange", ()))
    ]
    if not good:
        pytest.skip("answers no JSON")

    @anything.SETTINGS
    @given(st.sampled_from(good), st.integers(0, 40), anything.values(slug, "exchange"))
    def each(case: played.Case, place: int, other: Any) -> None:
        steps = [step["answer"] for step in case.told["exchange"] if "answer" in step]
        told = anything.changed([step.get("json") for step in steps], place, other)
        told = told if isinstance(told, list) else [told]
        bodies = [json.dumps(found).encode() for found in told]
        play(case, *(base.Answer(200, {}, body) for body in bodies or [b""]))

    each()
