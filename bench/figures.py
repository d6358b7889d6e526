"""Arithmetic on samples."""

from __future__ import annotations

import math
from collections.abc import Sequence


def middle_rate(times: Sequence[float]) -> float:
    """Events a second between the first 10 % and the last 5 %; infinite if all came at once."""
    ordered = sorted(times)
    first, last = int(len(ordered) * 0.10), int(len(ordered) * 0.95) - 1
    span = ordered[last] - ordered[first]
    return (last - first) / span if span else math.inf


def average_rate(times: Sequence[float]) -> float:
    """Events a second from the first to the last."""
    return (len(times) - 1) / (max(times) - min(times))


def most_in_a_second(times: Sequence[float]) -> int:
    """The most events in any window of one second, wherever it begins."""
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def jain(values: Sequence[float]) -> float:
    """Jain's index of fairness: 1 if all are equal, 1/n if one has everything."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
