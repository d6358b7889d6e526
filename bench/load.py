"""The load generator: posts signed, unique messages over kept-alive connections.

Reads what to do as JSON, makes all requests, sends them, prints what happened as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

import uvloop

from .figures import percentile
from .letters import Letters, customer
from .wire import Line, connect


def requests(spec: dict[str, Any]) -> list[bytes]:
    """As many requests as asked for; "each": every customer once, else customers at random."""
    letters = Letters(spec["webhook"], spec["secret"], spec["number"])
    chosen = list(range(spec["customers"]))
    dice = random.Random(spec["prefix"])
    dice.shuffle(chosen)
    if not spec["each"]:
        chosen = dice.choices(chosen, k=spec["count"])
    return [
        letters.request(f"{spec['prefix']}-{n}", customer(who), f"Message {n}, is anybody there?")
        for n, who in enumerate(chosen)
    ]


async def run(spec: dict[str, Any]) -> dict[str, Any]:
    waiting = iter(requests(spec))
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    done = asyncio.Event()
    busy = spec["connections"]

    def answered(line: Line, status: int, seconds: float) -> None:
        nonlocal busy
        statuses[status] += 1
        latencies.append(seconds)
        request = next(waiting, None) if status else None
        if request is not None:
            line.send(request)
            return
        busy -= 1
        if not busy:
            done.set()

    lines = [await connect(spec["port"], answered) for _ in range(spec["connections"])]
    began = time.perf_counter()
    for line in lines:
        if (request := next(waiting, None)) is None:
            raise ValueError("There are fewer requests than connections.")
        line.send(request)
    await done.wait()
    seconds = time.perf_counter() - began
    for line in lines:
        line.close()
    return {
        "statuses": dict(statuses),
        "seconds": seconds,
        "p50": percentile(latencies, 0.50) * 1000,
        "p99": percentile(latencies, 0.99) * 1000,
    }


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(wanted))))
