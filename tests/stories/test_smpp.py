"""SMPP from end to end: an operator's SMSC on loopback, the links process, the desk, an agent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from config.processes import links_command
from providers.links.smpp import alphabets, joining
from providers.links.smpp.pdu import Short
from providers.links.smpp.statuses import OK, THROTTLED

from ..links.smpp.smsc import Smsc, receipt, short, udh
from .agent import Agent
from .system import System

pytestmark = pytest.mark.story

R = TypeVar("R")
CONFIGURATION = """
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
queues:
  - {{name: Support, pickup: auto, members: ["1001"]}}
channels:
  - name: Operator
    provider: smpp
    credentials: {{host: 127.0.0.1, port: {port}, system_id: parley, password: {password}}}
    rate: 50
    numbers:
      - {{number: "+41791234510", inbound: {{queue: Support}}, may_start: ["1001"]}}
      - {{number: "72727", inbound: {{queue: Support}}}}
"""
LONG = ("Zażółć gęślą jaźń — Доставка в понедельник, 😀. " * 40)[:1600]


class Operator:
    """The simulator in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.smsc = Smsc()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.do(self.smsc.start())

    def do(self, work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def bring(self, *shorts: Short) -> list[int]:
        """Bring these to the session that stands; how each was answered."""

        async def bring() -> list[int]:
            return list(await asyncio.gather(*map(self.smsc.bound()[-1].deliver, shorts)))

        return self.do(bring())

    def texts(self) -> list[str]:
        """The texts submitted so far, long ones put together."""
        joiner, found = joining.Joiner(), []
        for each in list(self.smsc.submitted):
            part = joining.part_of(each.short)
            whole = joiner.add(part) if part.place else [part]
            if whole:
                runs = (run for run in joining.runs(whole) if run)
                read = (alphabets.decode(text, first.coding, "gsm7")[0] for first, text in runs)
                found.append("".join(read))
        return found

    def close(self) -> None:
        self.do(self.smsc.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    made = Operator()
    yield made
    made.close()


@pytest.fixture(scope="module")
def parley(operator: Operator) -> Iterator[System]:
    text = CONFIGURATION.format(port=operator.smsc.port, password="mistyped")
    with System(text, beat=True) as system:
        system._start("links", links_command())
        yield system


@pytest.fixture(scope="module")
def agent(parley: System) -> Agent:
    return Agent(parley, "first", "first-password-1")


def state(parley: System) -> str:
    """The state of the newest answer."""
    rows = parley.sql(
        "SELECT status FROM routing_message WHERE direction = 'out' ORDER BY id DESC LIMIT 1"
    )
    return str(rows[0][0])


def test_a_wrong_password_is_shown_and_a_right_one_turns_the_channel_green(
    parley: System, operator: Operator
) -> None:
    def channel() -> tuple[Any, ...]:
        return parley.sql("SELECT fault, proved_at FROM channels_app_channel")[0]

    parley.wait(lambda: channel()[0], 40, "the fault")
    assert "the password is wrong (ESME_RINVPASWD" in channel()[0]
    parley.applied = parley.apply(
        CONFIGURATION.format(port=operator.smsc.port, password=operator.smsc.password)
    )
    parley.wait(lambda: channel()[1] and not channel()[0], 30, "the green channel")
    ((details,),) = parley.sql("SELECT details FROM channels_app_linkstate")
    assert "TESTSMSC" in str(details)


def test_a_long_unicode_text_comes_and_its_answer_goes_and_is_delivered(
    parley: System, operator: Operator, agent: Agent
) -> None:
    parts = udh(LONG)
    assert operator.bring(*reversed(parts)) == [OK] * len(parts)
    ((text,),) = parley.sql("SELECT text FROM routing_message WHERE direction = 'in'")
    assert text == LONG
    (session,) = agent.sessions()

    agent.answer(session, "Guten Tag {€}")
    parley.wait(lambda: operator.texts() == ["Guten Tag {€}"], 20)
    parley.wait(lambda: state(parley) == "sent", 10)
    assert operator.bring(receipt("id1")) == [OK]
    parley.wait(lambda: state(parley) == "delivered", 10)
    assert "Delivered" in agent.page(f"/s/{session}/")


def test_a_long_answer_is_delivered_when_all_its_parts_are(
    parley: System, operator: Operator, agent: Agent
) -> None:
    (session,) = agent.sessions()
    before = len(operator.smsc.submitted)
    agent.answer(session, LONG)
    parley.wait(lambda: operator.texts()[-1] == LONG, 20)
    parley.wait(lambda: state(parley) == "sent", 10)
    ids = [f"id{each.number}" for each in operator.smsc.submitted[before:]]
    assert operator.bring(*map(receipt, ids[:-1])) == [OK] * (len(ids) - 1)
    assert state(parley) == "sent"
    assert operator.bring(receipt(ids[-1])) == [OK]
    parley.wait(lambda: state(parley) == "delivered", 10)


def test_the_same_text_twice_is_two_messages(
    parley: System, operator: Operator, agent: Agent
) -> None:
    for _ in range(2):
        assert operator.bring(short(b"ok", destination="72727")) == [OK]
    assert parley.sql("SELECT count(*) FROM routing_message WHERE text = 'ok'") == [(2,)]


def test_throttled_it_goes_later(parley: System, operator: Operator, agent: Agent) -> None:
    answers = iter([(THROTTLED, ""), (THROTTLED, "")])
    smsc = operator.smsc
    smsc.on_submit = lambda submitted: next(answers, None) or smsc.take(submitted)
    session = agent.sessions()[-1]
    agent.answer(session, "Slowly")
    parley.wait(lambda: state(parley) == "sent", 30)
    assert operator.texts().count("Slowly") == 3


def test_lost_before_its_answer_is_unknown_and_what_waits_goes_on(
    parley: System, operator: Operator, agent: Agent
) -> None:
    smsc = operator.smsc
    smsc.on_submit = lambda submitted: None
    session = agent.sessions()[-1]
    agent.answer(session, "Lost")
    parley.wait(lambda: operator.texts()[-1] == "Lost", 20)
    smsc.on_submit = smsc.take
    bound = smsc.bound()[-1]
    operator.loop.call_soon_threadsafe(bound.drop)
    parley.wait(lambda: state(parley) == "unknown", 20)
    agent.answer(session, "Goes on")
    parley.wait(lambda: state(parley) == "sent", 20)
    assert operator.texts()[-2:] == ["Lost", "Goes on"]  # never repeated


def test_the_password_stands_nowhere_in_the_log(parley: System, operator: Operator) -> None:
    rows = parley.sql("SELECT calls, reason FROM routing_exchange")
    assert rows
    assert not any(operator.smsc.password in f"{calls}{reason}" for calls, reason in rows)
