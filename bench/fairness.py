"""A hundred channels at once: does each get its rate?"""

from __future__ import annotations

from collections import defaultdict

from .figures import average_rate, jain, most_in_a_second
from .machine import cpu_seconds
from .outbound import Outbound
from .rig import Rig, check
from .table import Row

CHANNELS = 100
RATES = (5, 10)
WANTED = 0.999


def run(rig: Rig) -> list[Row]:
    return [_at(rig, rate) for rate in RATES]


def _at(rig: Rig, rate: int) -> Row:
    seconds = 4 if rig.quick else 20
    count = CHANNELS * rate * seconds
    with rig.section("fairness"):
        scene = Outbound(rig, CHANNELS, 10, rate=rate, in_flight=64)
        scene.queue(count)
        (worker,) = rig.workers(1)
        before = cpu_seconds(worker.pid)
        scene.ring()
        rig.wait(lambda: scene.provider.seen() >= count, seconds * 10 + 60, "the messages", 0.1)
        rig.wait(lambda: not scene.unsettled(), 60, "the outcomes")
        used = cpu_seconds(worker.pid) - before
        arrivals = scene.provider.arrivals()
        scene.check(arrivals, count)
    times: dict[int, list[float]] = defaultdict(list)
    for each in arrivals:
        times[each.channel].append(each.at)
    check(len(times) == CHANNELS, f"Only {len(times)} channels sent.")
    # What each got while all of them had something to send.
    begin, end = max(map(min, times.values())), min(map(max, times.values()))
    check(end > begin, "There was no moment in which all channels were sending.")
    shares = [sum(begin <= at < end for at in each) for each in times.values()]
    rates = [average_rate(each) for each in times.values()]
    most = max(map(most_in_a_second, times.values()))
    index = jain(rates)
    whole = max(each.at for each in arrivals) - min(each.at for each in arrivals)
    return Row(
        f"{CHANNELS} channels at {rate}/s each, one worker",
        f"Jain index {index:.6f} ({jain(shares):.6f} by messages within the same "
        f"{end - begin:.1f} s); {min(rates):.3f} to {max(rates):.3f}/s; at most {most} in any "
        f"second; {used / whole:.2f} of a core",
        f"configured: {rate}/s each",
        f"{sum(rates) / CHANNELS / rate - 1:+.2%}",
        f"Jain index above {WANTED}",
        min(index, jain(shares)) > WANTED,
    )
