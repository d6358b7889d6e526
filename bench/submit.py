"""Submits messages to an SMSC by Parley's session, or by smpp34's own client.

Reads JSON: which client, the port, how many messages, the window. Prints the seconds from the first
message to the last answer, the processor's seconds, and how many different ids came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import smpp34
import uvloop

from providers.base import Outbound
from providers.links.smpp import Settings, SmppLink

FROM, TO, TEXT = "+41791234510", "+41791112233", "Your parcel {0} arrives today between 9 and 11."
Submit = Callable[[int], Awaitable[str]]


class Station:
    """The desk, for a session of which only the speed is wanted."""

    allow_private = True

    def __init__(self) -> None:
        self.up = asyncio.Event()

    async def deliver(self, events: Any) -> None: ...

    async def connected(self, details: Any = None) -> None:
        self.up.set()

    async def disconnected(self, reason: str, *, fault: bool = True) -> None: ...

    def log(self, direction: str, said: str) -> None: ...


async def parley(port: int, window: int, count: int) -> dict[str, Any]:
    station = Station()
    link = SmppLink(Settings("127.0.0.1", port, "bench", "secret", window=window))
    holding = asyncio.create_task(link.run(station))
    await station.up.wait()

    async def submit(n: int) -> str:
        return str(await link.send(Outbound(FROM, TO, TEXT.format(n), f"r{n}")))

    measured = await measure(submit, 2 * window, count)
    holding.cancel()
    await asyncio.wait([holding])
    return measured


async def rust(port: int, window: int, count: int) -> dict[str, Any]:
    client = smpp34.Client("127.0.0.1", port, "bench", "secret", window_size=window)
    smsc = await client.connect()

    async def submit(n: int) -> str:
        answer = await smsc.submit_sm(
            TO[1:],
            TEXT.format(n).encode(),
            source_addr=FROM[1:],
            source_addr_ton=1,
            source_addr_npi=1,
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=1,
        )
        return str(answer.message_id)

    measured = await measure(submit, 2 * window, count)
    await client.stop()
    return measured


async def measure(submit: Submit, senders: int, count: int) -> dict[str, Any]:
    """So many senders, each of which waits for an answer before it sends the next message."""
    ids: set[str] = set()

    async def send(numbers: Iterator[int]) -> None:
        for n in numbers:
            ids.add(await submit(n))

    await send(iter(range(100)))  # warm
    ids.clear()
    numbers = iter(range(count))
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send(numbers) for _ in range(senders)))
    return {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - used,
        "ids": len(ids),
    }


CLIENTS = {"parley": parley, "smpp34": rust}

if __name__ == "__main__":
    told = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        work = CLIENTS[told["client"]](told["port"], told["window"], told["count"])
        found = runner.run(work)
    print(json.dumps(found), flush=True)
