"""Bulk sending: drafts and their lists, who gets a message, and the way into the outbox.

``make`` a draft, ``set_list`` its recipients, ``start`` it. Lists are read, recipients checked and
handed over by workers; a campaign's row and its ``counts()`` tell how far they are.
"""

from ..desk import Refused
from .answers import look
from .checking import check_some, letter_for, opted_out
from .making import change, clone, make, ring, set_file, set_list
from .preparing import prepare
from .reading import clear_deleted, read_some
from .steering import (
    delete,
    pause,
    resume,
    retry_failed,
    start,
    stop,
    unschedule,
    why_not_start,
)
from .texts import Lacking, fill, variables
from .work import round_of_all

__all__ = [
    "Lacking",
    "Refused",
    "change",
    "check_some",
    "clear_deleted",
    "clone",
    "delete",
    "fill",
    "letter_for",
    "look",
    "make",
    "opted_out",
    "pause",
    "prepare",
    "read_some",
    "resume",
    "retry_failed",
    "ring",
    "round_of_all",
    "set_file",
    "set_list",
    "start",
    "stop",
    "unschedule",
    "variables",
    "why_not_start",
]
