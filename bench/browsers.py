"""A thousand agents' browsers on the event stream, and a customer whose messages they show.

Talks by lines of JSON: reads what to do, says {"connected": n} and waits for a line each time, then
says what it measured. The same process posts the webhook and sees the event, by one clock.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import sys
import time
from typing import Any, cast

import orjson
import uvloop

from .letters import Letters, customer
from .wire import Line, connect

_EVENT = re.compile(rb"id: \d+\ndata: ([^\n]*)\n\n")
FEW = 10  # connected first, so that what the first one costs is not counted
LOST_SECONDS = 5.0


class Stream(asyncio.Protocol):
    """One browser. ``session`` is the only one it may hear of."""

    def __init__(self, cookie: str, session: int) -> None:
        self.cookie, self.session = cookie, session
        self.buffer = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: asyncio.Future[float] | None = None
        self.events = self.strays = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        head = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n"
        cast(asyncio.Transport, transport).write(head.encode())

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        self.buffer += data
        if not self.ready.done() and b"retry:" in self.buffer:
            right = self.buffer.startswith(b"HTTP/1.1 200")
            self.ready.set_result(None) if right else self.ready.set_exception(OSError("refused"))
        end = 0
        for found in _EVENT.finditer(self.buffer):
            end = found.end()
            self.hear(orjson.loads(found[1]), at)
        self.buffer = self.buffer[end:] if end else self.buffer[-4_096:]

    def hear(self, event: dict[str, Any], at: float) -> None:
        self.events += 1
        if event.get("session") != self.session:
            self.strays += 1
        elif self.heard is not None and not self.heard.done():
            self.heard.set_result(at)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(OSError("The front hung up."))


class Crowd:
    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.letters = Letters(spec["webhook"], spec["secret"], spec["number"])
        self.numbers = itertools.count()
        self.streams: list[Stream] = []
        self.refused = 0
        self.posted = 0

    async def join(self, first: int, last: int) -> None:
        """Connect the browsers of these agents, some at a time."""
        loop = asyncio.get_running_loop()
        for start in range(first, last, 50):
            fresh = []
            for n in range(start, min(start + 50, last)):
                stream = Stream(self.spec["cookies"][n], self.spec["sessions"][n])
                await loop.create_connection(lambda s=stream: s, "127.0.0.1", self.spec["port"])
                fresh.append(stream)
            await asyncio.gather(*(stream.ready for stream in fresh))
            self.streams += fresh

    def request(self, agent: int) -> bytes:
        n = next(self.numbers)
        return self.letters.request(f"e-{n}", customer(agent), f"Message {n}, is anybody there?")

    def answered(self, line: Line, status: int, seconds: float) -> None:
        self.posted += 1
        self.refused += status != 200

    async def sample(self, count: int) -> list[float]:
        """So many messages, one after another; milliseconds from post to the agent's event."""
        line = await connect(self.spec["port"], self.answered)
        dice = random.Random(count)
        took = []
        for _ in range(count):
            # The first half of the agents is asked, the background writes to the other.
            agent = dice.randrange(len(self.streams) // 2)
            stream, request = self.streams[agent], self.request(agent)
            stream.heard = asyncio.get_running_loop().create_future()
            began = time.perf_counter()
            line.send(request)
            async with asyncio.timeout(LOST_SECONDS):
                took.append((await stream.heard - began) * 1000)
            stream.heard = None
            await asyncio.sleep(dice.uniform(0.010, 0.030))
        line.close()
        return took

    async def murmur(self, rate: float) -> None:
        """Messages of other customers, evenly spaced, until cancelled."""
        lines = [await connect(self.spec["port"], self.answered) for _ in range(32)]
        half = len(self.streams) // 2
        due = time.perf_counter()
        try:
            for n in itertools.count():
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                line = next((each for each in lines if not each.busy), None)
                if line is None:
                    raise OSError("The front cannot keep up with the background.")
                line.send(self.request(half + n % half))
        finally:
            while any(line.busy for line in lines):
                await asyncio.sleep(0.01)
            for line in lines:
                line.close()


async def run(spec: dict[str, Any]) -> dict[str, Any]:
    crowd = Crowd(spec)
    await crowd.join(0, FEW)
    await _tell({"connected": FEW})
    began = time.perf_counter()
    await crowd.join(FEW, len(spec["cookies"]))
    joined = time.perf_counter() - began
    await _tell({"connected": len(crowd.streams)})
    await crowd.sample(20)
    idle = await crowd.sample(spec["samples"])
    before, at = crowd.posted, time.perf_counter()
    background = asyncio.create_task(crowd.murmur(spec["background"]))
    await asyncio.sleep(0.5)
    busy = await crowd.sample(spec["samples"])
    rate = (crowd.posted - before) / (time.perf_counter() - at)
    background.cancel()
    (ended,) = await asyncio.gather(background, return_exceptions=True)
    if not isinstance(ended, asyncio.CancelledError):
        raise ended
    await asyncio.sleep(0.5)
    return {
        "joined": joined,
        "idle": idle,
        "busy": busy,
        "rate": rate,
        "posted": crowd.posted,
        "refused": crowd.refused,
        "events": sum(stream.events for stream in crowd.streams),
        "strays": sum(stream.strays for stream in crowd.streams),
    }


async def _tell(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    wanted = json.loads(sys.stdin.readline())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(wanted))), flush=True)
