"""Where the time goes: py-spy looks on while the load runs."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from .machine import family
from .rig import Process, Rig, check

SHOWN = 30
RATE = 200  # looks a second


def run(rig: Rig, of: str) -> None:
    """Print, for each process measured, its functions by their own time and with what they call."""
    seconds = 5 if rig.quick else 20
    print({"inbound": _inbound, "outbound": _outbound, "list": _list}[of](rig, seconds))


def _inbound(rig: Rig, seconds: int) -> str:
    from .inbound import Browser, Inbound

    with rig.section("inbound"):
        scene = Inbound(rig)
        front = rig.front()
        Browser(rig, scene.cookie)
        scene.load(each=True)
        return _watch(rig, front, seconds, scene.load)


def _outbound(rig: Rig, seconds: int) -> str:
    from .outbound import FAST, Outbound

    count = 2_000 if rig.quick else 20_000
    with rig.section("outbound"):
        scene = Outbound(rig, 1, 1_000, **FAST)
        (worker,) = rig.workers(1)
        scene.run(worker, count // 10)
        return _watch(rig, worker, seconds, lambda: scene.run(worker, count))


def _list(rig: Rig, seconds: int) -> str:
    from .pages import Pages

    with rig.section("pages"):
        scene = Pages(rig, 5_000 if rig.quick else 100_000)
        front = rig.front()
        return _watch(rig, front, seconds, lambda: scene.measure(50))


def _watch(rig: Rig, process: Process, seconds: int, load: Callable[[], object]) -> str:
    spies: list[tuple[int, Path, Process]] = []
    for pid in family(process.pid):
        path = rig.folder / f"{pid}.stacks"
        command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid)]
        command += ["--duration", str(seconds), "--rate", str(RATE), "--format", "raw", "--threads"]
        command += ["--gil", "--function", "--output", str(path)]
        spies.append((pid, path, rig.start("py-spy", command)))
    while any(spy.poll() is None for _, _, spy in spies):
        load()
    found = [_report(pid, path, seconds) for pid, path, _ in spies if path.exists()]
    check(bool(found), "py-spy saw nothing; is it installed, and may it look at other processes?")
    return "\n".join(found)


def _stacks(path: Path) -> Iterator[tuple[list[str], int]]:
    for line in path.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        yield stack.split(";"), int(count)


def _report(pid: int, path: Path, seconds: int) -> str:
    threads: Counter[str] = Counter()
    own: Counter[str] = Counter()
    with_called: Counter[str] = Counter()
    for (thread, *frames), count in _stacks(path):
        threads[thread] += count
        own[frames[-1] if frames else thread] += count
        with_called.update(dict.fromkeys(frames, count))
    total = sum(threads.values())
    name = " ".join(Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:5])
    parts = [
        f"\n### Process {pid}: {name}\n{total} samples of {seconds * RATE}: the share of time "
        "in which a thread held the interpreter's lock"
    ]
    tables = (("thread", threads), ("own time", own), ("with what it calls", with_called))
    for title, counts in tables:
        lines = (f"{n / total:7.1%}  {what}" for what, n in counts.most_common(SHOWN))
        parts.append(f"\n{title}\n" + "\n".join(lines))
    return "\n".join(parts)
