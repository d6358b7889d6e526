"""Campaigns with real workers: nothing is lost or doubled, people's answers go first."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from .agent import Agent
from .system import System

pytestmark = [pytest.mark.story]

CONFIGURATION = """
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
queues:
  - {{name: Support, pickup: auto, members: ["1001"]}}
channels:
  - name: Phone
    provider: sandbox
    rate: {rate}
    numbers:
      - {{number: "+41791234510", inbound: {{queue: Support}}, may_start: ["1001"]}}
"""

MAKE = """
from channels_app.models import Number
from routing import campaigns
campaign = campaigns.make(name="Spring", number=Number.objects.get(), text="Hello {{{{name}}}}")
lines = "".join("+417911%05d,Customer %d\\n" % (n, n) for n in range({count}))
campaigns.set_list(campaign, "number,name\\n" + lines)
"""

START = """
import time
while not campaign.checked:
    time.sleep(0.1)
    campaign.refresh_from_db()
assert {{k: n for k, n in campaign.counts().items() if n}} == {{"waiting": {count}}}
campaigns.start(campaign)
"""

#: By one statement, so that both are seen in one moment.
PROGRESS = """
SELECT 'counted', state, number FROM routing_statecount WHERE number <> 0
UNION ALL SELECT 'rows', state, count(*) FROM routing_recipient GROUP BY state
UNION ALL SELECT 'wrong', 'wrong', count(*) FROM routing_recipient AS r
JOIN routing_message AS m ON m.id = r.message_id
WHERE r.state <> CASE WHEN m.status = 'sending' THEN 'queued' ELSE m.status END
"""


def progress(parley: System) -> dict[str, int]:
    """How many recipients are in each state, after proof that counts, rows and messages agree."""
    seen: dict[str, dict[str, int]] = {"counted": {}, "rows": {}, "wrong": {}}
    for kind, state, number in parley.sql(PROGRESS):
        seen[kind][state] = number
    assert seen["counted"] == seen["rows"]
    assert seen["wrong"] == {"wrong": 0}
    return seen["counted"]


def state(parley: System) -> str:
    ((found,),) = parley.sql("SELECT state FROM routing_campaign")
    return str(found)


def begin(parley: System, count: int) -> None:
    """Make a campaign, let the workers read and check its list, and start it."""
    parley.manage("shell", "-c", (MAKE + START).format(count=count))


def assert_none_twice(parley: System, count: int) -> None:
    ((messages, customers, tries),) = parley.sql(
        "SELECT count(*), count(DISTINCT recipient), max(attempts) FROM routing_message "
        "WHERE direction = 'out' AND lane = 10"
    )
    assert (messages, customers, tries) == (count, count, 1)
    handed_over = "SELECT message_id FROM routing_exchange WHERE kind = 'send' "
    assert not parley.sql(f"{handed_over} GROUP BY message_id HAVING count(*) > 1")


def test_300_recipients_get_one_message_each_and_tail_prints_each_once() -> None:
    with System(CONFIGURATION.format(rate=500), front=False) as parley:
        tail = parley._start(
            "tail", [sys.executable, "manage.py", "tail", "--json", "--since", "0"]
        )
        begin(parley, 300)
        parley.wait(lambda: state(parley) == "done", 40, "the campaign's end")
        assert progress(parley) == {"sent": 300}
        assert_none_twice(parley, 300)
        assert not parley.sql("SELECT 1 FROM routing_session WHERE queue_id IS NOT NULL")
        with parley.redis() as client:
            client.client_kill_filter(_type="pubsub")  # tail finds its way back
        told = parley.manage(
            *("send", "--from", "+41791234510", "--to", "+41791112233"),
            *("--text", "The last", "--wait", "--timeout", "30"),
        )
        assert json.loads(told)["status"] == "sent"
        log = parley.folder / "tail.log"
        parley.wait(lambda: "The last" in log.read_text(), 15, "the last message to be printed")
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 0
        printed = [json.loads(line) for line in log.read_text().splitlines()]
        assert len({each["id"] for each in printed}) == len(printed) == 301


class Customer:
    """Writes from time to time; the agent answers at once."""

    def __init__(self, parley: System) -> None:
        self.parley, self.agent = parley, Agent(parley, "first", "first-password-1")
        self.written: list[tuple[int, float]] = []  # session, when it was answered

    def ask(self) -> None:
        body = {"type": "message", "to": "+41791234510", "text": "Are you there?"}
        body["from"] = f"+4178000{len(self.written):04}"
        address = self.parley.webhook_url("Phone")
        assert requests.post(address, json=body, timeout=20).status_code == 200
        ((session,),) = self.parley.sql(
            "SELECT s.id FROM routing_session AS s JOIN routing_customer AS c "
            "ON c.id = s.customer_id WHERE c.address = %s",
            body["from"],
        )
        self.agent.answer(session, "Yes, I am")
        self.written.append((session, time.monotonic()))

    def waits(self) -> list[float]:
        """How many seconds each answer waited until it was sent."""
        found = dict(
            self.parley.sql(
                "SELECT session_id, EXTRACT(EPOCH FROM sent_at - created_at)::float "
                "FROM routing_message WHERE text = 'Yes, I am'"
            )
        )
        return [found[session] for session, _ in self.written]


@pytest.mark.postgres
def test_many_recipients_while_workers_are_killed_and_agents_answer() -> None:
    count = int(os.environ.get("RECIPIENTS", "10000"))
    with System(CONFIGURATION.format(rate=200), workers=2, beat=True) as parley:
        customer, kills = Customer(parley), []
        begin(parley, count)

        def watch(until: Callable[[dict[str, int]], Any]) -> None:
            while not until(seen := progress(parley)):
                assert time.monotonic() < deadline, (seen, parley.logs())
                if not customer.written or time.monotonic() - customer.written[-1][1] > 3:
                    customer.ask()
                time.sleep(0.3)

        deadline = time.monotonic() + 240
        for sent in (count // 4, count * 6 // 10):
            watch(lambda seen, enough=sent: seen.get("sent", 0) > enough)
            kills.append(time.monotonic())
            parley.kill(parley.workers[0])
            parley.start_worker(wait=False)
        watch(lambda seen: not seen.get("waiting"))
        parley.wait(lambda: progress(parley).get("sent", 0) > count - 200, 20)
        time.sleep(1)
        left = progress(parley).get("queued", 0)  # on their way when a worker was killed
        parley.sql(
            "UPDATE routing_message SET sending_at = now() - interval '5 minutes' "
            "WHERE status = 'sending'"
        )  # time passes
        parley.wait(lambda: state(parley) == "done", 20, "the campaign's end")
        assert progress(parley) == {
            name: n for name, n in (("sent", count - left), ("unknown", left)) if n
        }
        assert_none_twice(parley, count)

        waits = customer.waits()
        calm = [
            wait
            for wait, (_, at) in zip(waits, customer.written, strict=True)
            if not any(0 <= at - kill < 6 for kill in kills)
        ]
        print(f"\n{left} unknown; answers waited {sorted(waits)}; apart from the kills {calm}")
        assert len(calm) > count // 1_250 - 1
        assert max(calm) < 2
        assert max(waits) < 10  # while a channel's worker is dead, another takes its place
