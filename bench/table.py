"""The rows of the report, as Markdown, printed and kept in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HEAD = (
    "| what | measured | its limit, same run | ratio | target | met |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class Row:
    """One figure. ``limit`` is what it is held against; ``met`` is None where nothing is asked."""

    what: str
    measured: str
    limit: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        cells = (self.what, self.measured, self.limit, self.ratio, self.target, met)
        return f"| {' | '.join(cells)} |"


def table(rows: Sequence[Row]) -> str:
    return "\n".join([HEAD, *map(str, rows)])


def spread(rates: Sequence[float], unit: str = "/s") -> str:
    """The median, and the least and the most where there are several."""
    ordered = sorted(rates)
    median = f"{ordered[len(ordered) // 2]:,.0f}{unit}"
    return f"{median} ({ordered[0]:,.0f} to {ordered[-1]:,.0f})" if len(ordered) > 1 else median


def write(path: Path, name: str, text: str) -> None:
    """Put the text between the document's markers of this name."""
    marked = re.compile(rf"(<!-- bench {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    found, times = marked.subn(lambda m: f"{m[1]}{text}\n{m[2]}", path.read_text("utf-8"))
    if times != 1:
        raise ValueError(f"{path} has no place for {name}.")
    path.write_text(found, "utf-8")
