"""Webhooks in: signed messages through the whole path, durable before the 200."""

from __future__ import annotations

import socket
import statistics
import threading
from contextlib import suppress
from typing import Any

from django.db.models import Count, Sum

from routing.live import CURSOR
from routing.models import Exchange, HourCount, Message, Session

from . import world
from .limits import inserts
from .machine import cpu_seconds
from .rig import Process, Rig, check
from .table import Row, spread

CONNECTIONS = 48
WANTED, WANTED_RATIO = 2_500, 0.2


class Browser(threading.Thread):
    """One agent's browser on the event stream; counts the bytes that come."""

    def __init__(self, rig: Rig, cookie: str) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", rig.port))
        self.socket.sendall(
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        check(self.socket.recv(65_536).startswith(b"HTTP/1.1 200"), "The event stream refused.")
        self.bytes = 0
        self.start()

    def run(self) -> None:
        with suppress(OSError):  # the front has ended
            while chunk := self.socket.recv(1 << 20):
                self.bytes += len(chunk)


class Inbound:
    """The scene: one channel, its number's queue with one agent who looks on."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        (agent,), (queue,) = world.agents(1, 1)
        self.number = world.channel(1, queue)
        self.cookie = world.cookie(agent)
        self.customers = 500 if rig.quick else 10_000
        self.count = 2_000 if rig.quick else 40_000
        self.passes = 0
        self.accepted = 0

    def load(self, *, each: bool = False, count: int = 0) -> dict[str, Any]:
        """One pass of the load generator. Raises Wrong unless every request was answered 200."""
        self.passes += 1
        count = self.customers if each else count or self.count
        spec = {
            "port": self.rig.port,
            "webhook": self.number.channel.webhook_url,
            "secret": world.SECRET,
            "number": self.number.value,
            "customers": self.customers,
            "connections": CONNECTIONS,
            "each": each,
            "count": count,
            "prefix": f"m{self.passes}",
        }
        found = self.rig.ask("load", spec)
        check(found["statuses"] == {"200": count}, f"Of {count} requests: {found['statuses']}")
        self.accepted += count
        return {**found, "rate": count / found["seconds"]}

    def check_stored(self) -> None:
        """What was answered with 200 is there, once, in one open session a customer."""
        kept = Message.objects.filter(direction=Message.IN).aggregate(
            all=Count("pk"),
            ids=Count("provider_id", distinct=True),
            customers=Count("sender", distinct=True),
        )
        talks = Session.objects.aggregate(
            all=Count("pk"), customers=Count("customer", distinct=True), unread=Sum("unread")
        )
        counted = HourCount.objects.aggregate(all=Sum("received"))["all"]
        logged = Exchange.objects.filter(kind=Exchange.WEBHOOK, outcome=Exchange.OK).count()
        said = (
            f"{self.accepted} answers of 200; kept {kept}, sessions {talks}, {counted=}, {logged=}"
        )
        check(kept["all"] == kept["ids"] == counted == logged == self.accepted, said)
        check(talks["all"] == talks["customers"] == kept["customers"] == self.customers, said)
        check(talks["unread"] == self.accepted, said)
        nudges = int(self.rig.redis.get(CURSOR) or 0)
        check(0 < nudges <= self.accepted, f"{nudges} events for {self.accepted} messages")


def run(rig: Rig) -> list[Row]:
    with rig.section("inbound"):
        scene = Inbound(rig)
        front = rig.front()
        browser = Browser(rig, scene.cookie)
        first = scene.load(each=True)
        known, cost = _passes(scene, front)
        rig.stop(front)
        check(browser.bytes > 0, "No event reached the agent's browser.")
        front = rig.front(workers=2)
        Browser(rig, scene.cookie)
        two, _ = _passes(scene, front)
        rig.stop(front)
        web = rig.granian(threads=32)
        view, _ = _passes(scene, web)
        rig.stop(web)
        scene.check_stored()
        limit = [inserts(rig) for _ in range(1 if rig.quick else 3)]
    beside = statistics.median(limit)
    return [
        _row("webhook to 200, one front process", known, beside, limit, cost, asked=True),
        _row("the same, first message of each customer", [first], beside, limit),
        _row("the same, known customers, two front processes", two, beside, limit),
        _row("the same through Django's view (granian, WSGI, 32 threads)", view, beside, limit),
    ]


def _passes(scene: Inbound, process: Process) -> tuple[list[dict[str, Any]], float]:
    """Several passes, and the processor time a message costs the server's processes."""
    scene.load(count=CONNECTIONS * 4)  # wake it up
    before = cpu_seconds(process.pid)
    done = [scene.load() for _ in range(1 if scene.rig.quick else 3)]
    cost = (cpu_seconds(process.pid) - before) / (len(done) * scene.count)
    return done, cost


def _row(
    what: str,
    passes: list[dict[str, Any]],
    beside: float,
    limit: list[float],
    cost: float = 0.0,
    *,
    asked: bool = False,
) -> Row:
    rates = [each["rate"] for each in passes]
    median = statistics.median(rates)
    p50, p99 = (statistics.median(each[p] for each in passes) for p in ("p50", "p99"))
    said = f"{spread(rates)}; p50 {p50:.1f}, p99 {p99:.1f} ms"
    if cost:
        said += f"; {cost * 1e6:.0f} µs of processor a message"
    return Row(
        what,
        said,
        f"pgbench, single-row inserts: {spread(limit)}",
        f"{median / beside:.2f}",
        f"{WANTED:,}/s and {WANTED_RATIO}" if asked else "",
        median >= WANTED and median / beside >= WANTED_RATIO if asked else None,
    )
