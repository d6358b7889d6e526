"""Parley's SMPP session beside smpp34's own client: the same messages to the same SMSC."""

from __future__ import annotations

import statistics
import sys
from typing import Any

from .rig import Rig, check
from .table import Row, spread

WINDOW = 10
TURNS = 3
WANTED = 1.0


def run(rig: Rig) -> list[Row]:
    count = 1_000 if rig.quick else 20_000
    server = rig.start("smsc", [sys.executable, "-m", "bench.smsc"], talks=True)
    assert server.stdout
    port = int(server.stdout.readline())
    found: dict[str, list[dict[str, Any]]] = {"parley": [], "smpp34": []}
    try:
        for _ in range(TURNS):
            for client, measured in found.items():
                spec = {"client": client, "port": port, "window": WINDOW, "count": count}
                measured.append(rig.ask("submit", spec))
                check(measured[-1]["ids"] == count, f"{client}: not every message got an id.")
    finally:
        rig.stop(server)
    rates = {who: [count / each["seconds"] for each in turns] for who, turns in found.items()}
    ratio = statistics.median(rates["parley"]) / statistics.median(rates["smpp34"])
    return [
        Row(
            f"submit_sm to answer, one session, window {WINDOW}",
            f"{spread(rates['parley'])}; {_cost(found['parley'], count)}",
            f"smpp34's client: {spread(rates['smpp34'])}; {_cost(found['smpp34'], count)}",
            f"{ratio:.2f}",
            f"{WANTED}",
            ratio >= WANTED,
        )
    ]


def _cost(turns: list[dict[str, Any]], count: int) -> str:
    middle = statistics.median(each["processor"] for each in turns)
    return f"{middle / count * 1e6:.0f} µs of processor a message"
