"""Sending rates as the provider sees them: kept, and never more than one above in any second."""

from __future__ import annotations

import time
from collections import Counter

from celery import current_app

from routing import outbox
from routing.models import Queue

from . import world
from .figures import average_rate, most_in_a_second
from .machine import local_ports
from .outbound import Outbound
from .provider import Arrival
from .rig import Process, Rig, check
from .table import Row

RATES = (1, 10, 50, 200)
OFF = 0.01


def run(rig: Rig) -> list[Row]:
    return [row for workers in (1, 2) for row in _with(rig, workers)]


def _with(rig: Rig, count: int) -> list[Row]:
    """All rates at once, one channel each, by so many workers."""
    seconds = 5 if rig.quick else 30
    with rig.section("rates"):
        scene = Outbound(rig, 0, 0)
        _open(scene)
        workers = rig.workers(count)
        expected = sum(max(2, rate * seconds) for rate in RATES)
        _queue(scene, seconds)
        owners = _drain(rig, scene, workers, expected, seconds)
        arrivals = scene.provider.arrivals()
        scene.check(arrivals, expected)
    return [_row(n, rate, count, arrivals, owners) for n, rate in enumerate(RATES)]


def _open(scene: Outbound) -> None:
    who = world.customers(20)
    for n, rate in enumerate(RATES):
        scene.open(n, Queue.objects.get(), who, rate=rate, in_flight=64)


def _queue(scene: Outbound, seconds: int) -> None:
    for n, rate in enumerate(RATES):
        count = max(2, rate * seconds)
        world.answers(scene.talks[n * 20 : (n + 1) * 20], count, first=scene.queued)
        scene.queued += count


def _drain(
    rig: Rig, scene: Outbound, workers: list[Process], expected: int, seconds: int
) -> dict[int, int]:
    """Call every worker for every channel, again and again; returns whose each port was."""
    owners: dict[int, int] = {}
    deadline = time.monotonic() + seconds * 2 + 30
    while scene.provider.seen() < expected:
        check(time.monotonic() < deadline, "The messages did not all arrive.")
        for number in scene.numbers:
            for _ in workers:  # the broker gives each waiting worker one
                current_app.send_task(outbox.bell.DRAIN, args=[number.channel_id])
        for n, worker in enumerate(workers):
            owners |= dict.fromkeys(local_ports(worker.pid), n)
        time.sleep(0.5)
    rig.wait(lambda: not scene.unsettled(), 30, "the outcomes")
    return owners


def _row(n: int, rate: int, workers: int, arrivals: list[Arrival], owners: dict[int, int]) -> Row:
    mine = [each for each in arrivals if each.channel == n]
    times = [each.at for each in mine]
    measured, most = average_rate(times), most_in_a_second(times)
    off = measured / rate - 1
    said = f"{measured:.3f}/s over {len(times)} messages; at most {most} in any second"
    if workers > 1:
        shares = Counter(owners.get(each.port) for each in mine)
        shown = (f"{shares[w] / len(mine):.0%}" for w in range(workers))
        said += f"; the workers' shares {' and '.join(shown)}"
    return Row(
        f"{rate}/s, {workers} worker{'s' if workers > 1 else ''}",
        said,
        f"configured: {rate}/s",
        f"{off:+.2%}",
        f"within {OFF:.0%}, at most {rate + 1} in any second",
        abs(off) <= OFF and most <= rate + 1,
    )
