"""Which messages of a channel go next, and when; the pump that drains them.

The message table is the outbox: a message waits as QUEUED until it is claimed in the moment in
which it leaves. Everything else, the bell included, may be lost at any time.
"""

from .bell import (
    alone,
    answer_bell,
    listen_for_changes,
    ring,
    ring_for,
    ring_forgotten,
    ring_later,
    ring_on_commit,
)
from .claims import claim, reap
from .place import Place, place
from .pump import Pump, the_pump

__all__ = [
    "Place",
    "Pump",
    "alone",
    "answer_bell",
    "claim",
    "listen_for_changes",
    "place",
    "reap",
    "ring",
    "ring_for",
    "ring_forgotten",
    "ring_later",
    "ring_on_commit",
    "the_pump",
]
