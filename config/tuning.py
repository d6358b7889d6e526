"""How a long-lived process uses Python's interpreter."""

from __future__ import annotations

import gc
import sys


def settle_in() -> None:
    """Call once, when everything is imported.

    What lives as long as the process is looked at no more, and the rest less often: under load the
    collector otherwise takes a quarter of the pump's time, to find next to nothing. And an event
    loop that wakes up waits for a thread that computes no longer than a millisecond, not for five.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
