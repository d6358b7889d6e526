"""From a webhook to the right agent's browser, with a thousand agents connected."""

from __future__ import annotations

import json
import sys
from typing import Any

from routing.models import Message, Session

from . import world
from .figures import percentile
from .limits import bare_events
from .machine import cpu_seconds, resident_bytes
from .rig import Process, Rig, check
from .table import Row

BACKGROUND = 100
WANTED = 20.0  # milliseconds


def run(rig: Rig) -> list[Row]:
    agents, samples = (50, 40) if rig.quick else (1_000, 500)
    with rig.section("events"):
        spec = scene(rig, agents) | {"samples": samples, "background": BACKGROUND}
        front = rig.front()
        crowd = rig.start("browsers", [sys.executable, "-m", "bench.browsers"], talks=True)
        few = say(crowd, spec)["connected"]
        memory, used = resident_bytes(front.pid), cpu_seconds(front.pid)
        check(say(crowd, {})["connected"] == agents, "Not all browsers connected.")
        memory, used = resident_bytes(front.pid) - memory, cpu_seconds(front.pid) - used
        found = say(crowd, {})
        rig.stop(front)
        limit = bare_events(rig, samples)
        kept = Message.objects.filter(direction=Message.IN).count()
    said = f"{found['posted']} posted, {found['refused']} refused, {kept} kept, {found['events']} "
    said += f"events, {found['strays']} of them at the wrong browser"
    check(found["refused"] == found["strays"] == 0, said)
    check(kept == found["posted"] == found["events"], said)
    each = agents - few
    return [
        _row(f"{agents:,} agents connected, nothing else", found["idle"], limit),
        _row(f"{agents:,} agents connected, {found['rate']:.0f} messages/s", found["busy"], limit),
        Row(
            "a connection's cost",
            f"{memory / each / 1024:.0f} KiB; {used / each * 1000:.2f} ms of processor to connect",
        ),
    ]


def scene(rig: Rig, count: int) -> dict[str, Any]:
    """Agents who each hold one session; their queues have 100 members each."""
    extensions, queues = world.agents(count, max(1, count // 100))
    number = world.channel(1, queues[0])
    talks = world.sessions(
        Session(channel=number.channel, number=number, customer=customer, holder=holder)
        for customer, holder in zip(world.customers(count), extensions, strict=True)
    )
    return {
        "port": rig.port,
        "webhook": number.channel.webhook_url,
        "secret": world.SECRET,
        "number": number.value,
        "cookies": [world.cookie(each) for each in extensions],
        "sessions": [talk.pk for talk in talks],
    }


def say(process: Process, said: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(said).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    check(bool(line), "bench.browsers failed.")
    return json.loads(line)


def _row(what: str, took: list[float], limit: list[float]) -> Row:
    p50, p95, p99 = (percentile(took, share) for share in (0.50, 0.95, 0.99))
    least50, least99 = percentile(limit, 0.50), percentile(limit, 0.99)
    return Row(
        f"webhook to the agent's event, {what}",
        f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms over {len(took)} samples",
        f"a durable row and a publication, nothing else: p50 {least50:.1f}, p99 {least99:.1f} ms",
        f"p50 {p50 / least50:.1f}, p99 {p99 / least99:.1f}",
        f"p99 under {WANTED:.0f} ms",
        p99 < WANTED,
    )
