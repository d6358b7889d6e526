"""How long to wait before the next try, for everything that stays connected."""

from __future__ import annotations

import random


def backoff(failures: int, longest: float) -> float:
    """Seconds to wait after so many failures in a row: more each time, never two alike."""
    return float(min(longest, 2.0 ** min(failures, 20)) * random.uniform(0.5, 1.0))  # noqa: S311
