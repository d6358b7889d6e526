"""An operator at its worst, by dice: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from providers import errors
from providers.links.smpp import SmppLink
from providers.links.smpp.statuses import OK, THROTTLED

from .scene import Desk, awaited, held, message, settings
from .smsc import Smsc, Submitted, Verdict, short, until

MESSAGES = 150


@pytest.mark.parametrize("seed", [1, 2, 3])
@awaited
async def test_each_message_has_the_outcome_that_the_operator_knows(seed: int) -> None:
    dice = random.Random(seed)
    answered: list[str] = []  # texts that were taken, and of which we were told
    silent: list[str] = []  # texts that came, and of which we heard nothing

    def judge(submitted: Submitted) -> Verdict:
        text = submitted.short.text.decode()
        fate = dice.random()
        if fate < 0.05:
            return THROTTLED, ""
        if fate < 0.08:
            silent.append(text)
            submitted.by.drop()
            return None
        if submitted.by.transport.is_closing():  # dropped a moment ago: no answer arrives
            silent.append(text)
            return None
        answered.append(text)
        return OK, f"{submitted.number:x}"

    outcomes: dict[str, str] = {}

    async def send(link: SmppLink, n: int) -> None:
        text = f"text {n}"
        while text not in outcomes:
            try:
                outcomes[text] = str(await link.send(message(text, f"ref{n}")))
            except (errors.Throttled, errors.Unavailable):
                link._slow_until = 0.0
                await asyncio.sleep(0.01)
            except errors.Uncertain:
                outcomes[text] = "unknown"

    desk = Desk()
    async with Smsc(on_submit=judge, delay=0.001) as smsc:
        link = SmppLink(settings(smsc.port, window=5))
        async with held(link, desk):
            await until(lambda: desk.up)
            await asyncio.gather(*(send(link, n) for n in range(MESSAGES)))
    told = [text for text, outcome in outcomes.items() if outcome != "unknown"]
    unknown = {text for text, outcome in outcomes.items() if outcome == "unknown"}
    assert len(smsc.connections) > 2 and unknown  # the dice did their work
    assert len(outcomes) == MESSAGES
    assert len(answered) == len(set(answered)) and not set(answered) & set(silent)  # none twice
    assert set(told) <= set(answered)
    assert (set(silent) | set(answered)) - set(told) <= unknown
    # A loss also takes along what was on its way to the operator or back: one window at most.
    assert len(unknown) <= 5 * (len(smsc.connections) - 1)
    assert len({outcomes[text] for text in told}) == len(told)


@pytest.mark.parametrize("seed", [1, 2])
@awaited
async def test_everything_that_customers_write_is_stored(seed: int) -> None:
    dice = random.Random(seed)
    desk = Desk()
    stored = desk.deliver

    async def deliver(events):  # type: ignore[no-untyped-def]
        if dice.random() < 0.3:
            desk.failures = 1
        if dice.random() < 0.1:
            smsc.bound()[-1].drop()
        await stored(events)

    desk.deliver = deliver  # type: ignore[method-assign]
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        await until(lambda: desk.up)

        async def bring(n: int) -> None:
            while True:
                await until(smsc.bound)
                try:
                    if await smsc.bound()[-1].deliver(short(b"text %d" % n)) == OK:
                        return
                except (ConnectionError, TimeoutError):
                    continue

        await asyncio.gather(*(bring(n) for n in range(60)))
    texts = [each.text for each in desk.inbound]
    assert set(texts) == {f"text {n}" for n in range(60)}
    # What came twice was brought twice, and the desk can see that it is the same.
    assert all(each.provider_id == "" for each in desk.inbound)
