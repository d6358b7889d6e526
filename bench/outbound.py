"""Messages out: from the outbox to a provider on loopback, with all bookkeeping."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.utils import timezone

from channels_app.models import Number
from routing import outbox
from routing.models import Exchange, HourCount, Message, Session

from . import world
from .figures import middle_rate
from .machine import cpu_seconds
from .provider import Arrival, Provider
from .rig import Process, Rig, check
from .table import Row, spread

WANTED, WANTED_RATIO, WANTED_SLOW = 4_000, 0.5, 3_000
SLOW, CHANNELS = 0.050, 10
FAST = {"rate": 100_000, "in_flight": 256}
FAST_EACH = {"rate": 100_000, "in_flight": 64}


def provider(rig: Rig) -> Provider:
    """A provider in a process of its own."""
    process = rig.start("provider", [sys.executable, "-m", "bench.provider"], talks=True)
    assert process.stdout is not None
    return Provider(int(process.stdout.readline()))


@dataclass
class Traffic:
    """What a run brought: when messages arrived at the provider, and when they were settled."""

    arrivals: list[Arrival]
    arrived: float
    settled: float
    cost: float

    @property
    def rate(self) -> float:
        """The slower of the two: sending ahead of the bookkeeping would not last."""
        return min(self.arrived, self.settled)


class Outbound:
    """The scene: channels at one provider, each with sessions that an agent's queue holds."""

    def __init__(self, rig: Rig, channels: int, talks: int, **fields: object) -> None:
        self.rig = rig
        self.provider = provider(rig)
        _, (queue,) = world.agents(1, 1)
        self.numbers: list[Number] = []
        self.talks: list[Session] = []
        who = world.customers(talks)
        for n in range(channels):
            self.open(n, queue, who, **fields)
        self.queued = 0

    def open(self, n: int, queue: object, who: Sequence[object], **fields: object) -> None:
        number = world.channel(n, queue, send_url=self.provider.address(n), **fields)
        self.numbers.append(number)
        self.talks += world.sessions(
            Session(channel=number.channel, number=number, customer=each, queue=queue)
            for each in who
        )

    def queue(self, count: int) -> None:
        """Put so many messages into the outbox, the channels' in turn."""
        n = len(self.talks) // len(self.numbers)
        turns = [self.talks[c * n + t] for t in range(n) for c in range(len(self.numbers))]
        world.answers(turns, count, first=self.queued)
        self.queued += count

    def ring(self) -> None:
        for number in self.numbers:
            outbox.ring(number.channel_id)

    def run(self, worker: Process, count: int, latency: float = 0.0) -> Traffic:
        """Send so many; raises Wrong unless each arrived once and is written down as sent."""
        self.provider.reset(latency)
        self.queue(count)
        before, began = cpu_seconds(worker.pid), timezone.now()
        self.ring()
        self.rig.wait(lambda: self.provider.seen() >= count, 300, "the messages to arrive", 0.1)
        self.rig.wait(lambda: not self.unsettled(), 60, "their outcomes to be written", 0.1)
        cost = (cpu_seconds(worker.pid) - before) / count
        arrivals = self.provider.arrivals()
        self.check(arrivals, count)
        settled = Message.objects.filter(sending_at__gte=began).values_list("sent_at", flat=True)
        return Traffic(
            arrivals,
            arrived=middle_rate([each.at for each in arrivals]),
            settled=middle_rate([at.timestamp() for at in settled]),
            cost=cost,
        )

    def unsettled(self) -> bool:
        waits = (Message.QUEUED, Message.SENDING)
        return any(Message.objects.filter(status=each).exists() for each in waits)

    def check(self, arrivals: Sequence[Arrival], count: int) -> None:
        """Every message arrived once, is sent under the id it was given, logged and counted."""
        texts = {each.text for each in arrivals}
        said = f"{count} messages, {len(arrivals)} arrivals, {len(texts)} different"
        check(count == len(arrivals) == len(texts), said)
        given = {each.text: each.provider_id for each in arrivals}
        kept = Message.objects.filter(text__in=texts).values_list("text", "provider_id", "status")
        check({(*pair, Message.SENT) for pair in given.items()} == set(kept), "Kept is not sent.")
        logged = Exchange.objects.filter(kind=Exchange.SEND).aggregate(
            all=Count("pk"), sent=Count("pk", filter=Q(outcome=Message.SENT))
        )
        counted = HourCount.objects.aggregate(sent=Sum("sent"), failed=Sum("failed"))
        said = f"{self.queued} queued so far; logged {logged}, counted {counted}"
        check(logged["all"] == logged["sent"] == counted["sent"] == self.queued, said)
        check(counted["failed"] == 0, said)

    def bare(self, count: int) -> float:
        """The same requests by a bare aiohttp client: arrivals a second."""
        self.provider.reset()
        number = self.numbers[0]
        spec = {
            "url": self.provider.address(0),
            "key": world.KEY,
            "sender": number.value,
            "recipient": self.talks[0].customer.address,
            "count": count,
        }
        self.rig.ask("bare", spec)
        arrivals = self.provider.arrivals()
        check(len(arrivals) == count, f"{len(arrivals)} of {count} bare requests arrived")
        return middle_rate([each.at for each in arrivals])


def run(rig: Rig) -> list[Row]:
    count, times = (2_000, 1) if rig.quick else (20_000, 3)
    with rig.section("outbound"):
        scene = Outbound(rig, 1, 1_000, **FAST)
        (worker,) = rig.workers(1)
        scene.run(worker, count // 10)  # wake it up
        fast = [scene.run(worker, count) for _ in range(times)]
        rig.stop(worker)
        bare = [scene.bare(count) for _ in range(times)]
    with rig.section("outbound-slow"):
        scene = Outbound(rig, CHANNELS, 100, **FAST_EACH)
        (worker,) = rig.workers(1)
        scene.run(worker, count // 10)
        slow = [scene.run(worker, count, latency=SLOW) for _ in range(times)]
    limit = statistics.median(bare)
    rates = [[each.rate for each in runs] for runs in (fast, slow)]
    medians = [statistics.median(each) for each in rates]
    beside = f"bare aiohttp, 64 at once: {spread(bare)}"
    ceiling = CHANNELS * FAST_EACH["in_flight"] / SLOW
    return [
        Row(
            "outbox to provider, one worker process, one channel",
            _said(fast),
            beside,
            f"{medians[0] / limit:.2f}",
            f"{WANTED:,}/s and {WANTED_RATIO}",
            medians[0] >= WANTED and medians[0] / limit >= WANTED_RATIO,
        ),
        Row(
            f"the same, {CHANNELS} channels, a provider that takes {SLOW * 1000:.0f} ms",
            _said(slow),
            f"{FAST_EACH['in_flight']} in flight a channel: {ceiling:,.0f}/s",
            f"{medians[1] / ceiling:.2f}",
            f"{WANTED_SLOW:,}/s",
            medians[1] >= WANTED_SLOW,
        ),
    ]


def _said(runs: Sequence[Traffic]) -> str:
    arrived, settled = (
        statistics.median(getattr(each, name) for each in runs) for name in ("arrived", "settled")
    )
    cost = statistics.median(each.cost for each in runs)
    return (
        f"{spread([each.rate for each in runs])}; arrived {arrived:,.0f}, written down "
        f"{settled:,.0f}; {cost * 1e6:.0f} µs of processor a message"
    )
