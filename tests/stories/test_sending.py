"""Sending, with the real worker, a real Valkey and a real provider's server on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from .system import System
from .vendor import Request, Response, Vendor

pytestmark = [pytest.mark.story]

CONFIGURATION = """
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
queues:
  - {{name: Support, members: ["1001"]}}
channels:
  - name: Example
    provider: general
    credentials: {{api_key: KEY}}
    api_address: "{url}"
    rate: {rate}
    in_flight: {in_flight}
    numbers:
      - {{number: "+41791234510", inbound: {{queue: Support}}, may_start: ["1001"]}}
"""

SECOND_CHANNEL = """
channels:
  - name: Slow
    provider: general
    credentials: {{api_key: KEY}}
    api_address: "{url}"
    rate: 1000
    in_flight: 2
    numbers:
      - {{number: "+41791234599", inbound: {{queue: Support}}, may_start: ["1001"]}}
"""

#: Fills the outbox as a campaign or many agents would, through the desk.
FILL = """
from routing import desk
from routing.models import Extension, Session
from channels_app.models import Number
agent, number = Extension.objects.get(), Number.objects.get()
for n in range({count}):
    desk.start(agent, number, "+4179111%04d" % n, "text %d" % n)
"""


#: Calls several workers to the same channel.
RING = """
from routing import outbox
for _ in range({times}):
    outbox.answer_bell(1)
    outbox.ring(1)
"""


class Accepting:
    """A provider that takes everything, unless told otherwise, and remembers what it took."""

    def __init__(self) -> None:
        self.ids = 0
        self.lock = threading.Lock()
        self.before: Callable[[Request], Response | None] = lambda request: None

    def __call__(self, request: Request) -> Response:
        said = self.before(request)
        if said is not None:
            return said
        with self.lock:
            self.ids += 1
            return Response({"data": {"id": f"ID{self.ids}"}})


@pytest.fixture
def provider() -> Iterator[Vendor]:
    with Vendor(Accepting()) as vendor:
        yield vendor


def start(provider: Vendor, *, rate: float = 1000, in_flight: int = 32, **options) -> System:
    text = CONFIGURATION.format(url=provider.url, rate=rate, in_flight=in_flight)
    return System(text, **options)


def fill(parley: System, count: int) -> None:
    parley.manage("shell", "-c", FILL.format(count=count))


def states(parley: System) -> Counter[str]:
    return Counter(
        dict(
            parley.sql(
                "SELECT status, count(*) FROM routing_message WHERE direction = 'out' "
                "GROUP BY status"
            )
        )
    )


def recipients(provider: Vendor) -> Counter[str]:
    return Counter(json.loads(request.body)["to"] for request in provider.requests)


def test_500_messages_survive_an_emptied_redis(provider: Vendor) -> None:
    with start(provider, rate=100, workers=0, beat=True, front=False) as parley:
        fill(parley, 500)
        parley.start_worker()
        parley.wait(lambda: len(provider.requests) > 50, 30)
        with parley.redis() as client:
            client.flushall()
        assert states(parley)["queued"] > 100
        parley.wait(lambda: states(parley)["sent"] == 500, 60, "500 sent messages")
        assert set(recipients(provider).values()) == {1}


def test_a_bell_that_was_lost_with_the_broker_is_rung_again(provider: Vendor) -> None:
    with start(provider, workers=0, beat=False, front=False) as parley:
        fill(parley, 20)
        with parley.redis() as client:
            client.flushall()  # the bell is gone before any worker heard it
        parley.start_worker()
        time.sleep(1)
        assert states(parley)["queued"] == 20
        parley.start_beat()
        parley.wait(lambda: states(parley)["sent"] == 20, 40)
        assert set(recipients(provider).values()) == {1}


def test_a_worker_killed_while_sending_leaves_unknown_and_the_rest_is_sent(
    provider: Vendor,
) -> None:
    hanging = threading.Event()

    def hang(request: Request) -> Response | None:
        if json.loads(request.body)["text"] == "text 0":
            hanging.set()
            return Response(delay=60)
        return None

    provider.answer.before = hang
    with start(provider, in_flight=1, beat=True, front=False) as parley:
        fill(parley, 5)
        assert hanging.wait(30)
        assert states(parley) == {"sending": 1, "queued": 4}
        parley.kill(parley.workers[0])
        parley.start_worker()
        parley.wait(lambda: states(parley)["sent"] == 4, 30)
        assert states(parley) == {"sending": 1, "sent": 4}
        parley.manage(  # time passes
            "shell",
            "-c",
            "from django.utils import timezone; from datetime import timedelta; "
            "from routing.models import Message; Message.objects.filter(status='sending')"
            ".update(sending_at=timezone.now() - timedelta(minutes=5))",
        )
        parley.wait(lambda: states(parley) == {"unknown": 1, "sent": 4}, 30)
        ((reason,),) = parley.sql("SELECT reason FROM routing_message WHERE status = 'unknown'")
        assert "not known whether this arrived" in reason
        assert set(recipients(provider).values()) == {1}


def test_a_provider_that_is_down_for_a_while_loses_nothing(provider: Vendor) -> None:
    with start(provider, beat=True, front=False) as parley:
        provider.stop()
        fill(parley, 30)
        parley.wait(lambda: parley.sql("SELECT fault FROM channels_app_channel")[0][0], 20)
        ((fault,),) = parley.sql("SELECT fault FROM channels_app_channel")
        assert "cannot be reached" in fault
        assert states(parley)["queued"] + states(parley)["sending"] == 30
        provider.start()
        parley.wait(lambda: states(parley)["sent"] == 30, 60)
        assert set(recipients(provider).values()) == {1}
        parley.wait(lambda: not parley.sql("SELECT fault FROM channels_app_channel")[0][0], 10)


def test_a_429_slows_the_channel_down_and_is_shown(provider: Vendor) -> None:
    refused = []

    def slow_down(request: Request) -> Response | None:
        if refused:
            return None
        refused.append(request.at)
        body = {"errors": [{"code": "10006", "title": "Too many requests"}]}
        return Response(body, status=429, headers={"Retry-After": "3"})

    provider.answer.before = slow_down
    with start(provider, in_flight=1, beat=True, front=False) as parley:
        fill(parley, 10)
        parley.wait(lambda: refused, 20)
        parley.wait(lambda: parley.sql("SELECT slowed_reason FROM channels_app_channel")[0][0], 10)
        ((reason,),) = parley.sql("SELECT slowed_reason FROM channels_app_channel")
        assert "Too many requests" in reason
        parley.wait(lambda: states(parley)["sent"] == 10, 40)
        assert provider.requests[1].at - refused[0] >= 2.9
        assert sorted(recipients(provider).values()) == [1] * 9 + [2]  # the refused one twice


def test_no_answer_is_unknown_and_never_repeated(provider: Vendor) -> None:
    provider.answer.before = lambda request: Response(drop=True)
    with start(provider, beat=True, front=False) as parley:
        fill(parley, 3)
        parley.wait(lambda: states(parley)["unknown"] == 3, 30)
        time.sleep(6)  # beat has rung meanwhile
        assert len(provider.requests) == 3


def test_a_slow_provider_delays_nobody_else(provider: Vendor) -> None:
    slow = Vendor(lambda request: Response({"data": {"id": "S"}}, delay=8))
    with slow, start(provider, front=False) as parley:
        parley.apply(SECOND_CHANNEL.format(url=slow.url))
        code = FILL.replace("Number.objects.get()", "Number.objects.get(value='{number}')")
        parley.manage("shell", "-c", code.format(count=10, number="+41791234599"))  # slow ones
        parley.wait(lambda: len(slow.requests) == 2, 20)
        began = time.monotonic()
        parley.manage("shell", "-c", code.format(count=20, number="+41791234510"))
        parley.wait(lambda: len(provider.requests) == 20, 20)
        assert len(slow.requests) <= 4
        assert provider.requests[-1].at - began < 30


@pytest.mark.parametrize("workers", [1, 2])
def test_the_rate_is_kept_across_workers(provider: Vendor, workers: int) -> None:
    with start(provider, rate=20, workers=0, front=False) as parley:
        fill(parley, 100)
        for _ in range(workers):
            parley.start_worker()
        parley.manage("shell", "-c", RING.format(times=workers))
        parley.wait(lambda: states(parley)["sent"] == 100, 40)
        arrivals = sorted(request.at for request in provider.requests)
        most = max(sum(at <= other < at + 1 for other in arrivals) for at in arrivals)
        assert most <= 24  # the rate plus one, and what the jitter of a busy machine adds
        assert arrivals[-1] - arrivals[0] >= 4.9
        assert set(recipients(provider).values()) == {1}


def test_stopping_a_worker_loses_and_doubles_nothing(provider: Vendor) -> None:
    with start(provider, rate=50, workers=0, beat=True, front=False) as parley:
        fill(parley, 150)
        parley.start_worker()
        parley.wait(lambda: len(provider.requests) > 20, 20)
        parley.stop(parley.workers[0], 40)
        assert states(parley)["sending"] == 0
        parley.start_worker()
        parley.wait(lambda: states(parley)["sent"] == 150, 60)
        assert set(recipients(provider).values()) == {1}
