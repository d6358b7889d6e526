"""A customer's message comes in: filed in one transaction, many messages at once."""

from .commit import Committer, the_committer
from .door import Door, Place, door_of, known
from .filing import file
from .letters import Letter, address_letters
from .log import request_row
from .replay import replay
from .visits import BROKEN, NOT_FOUND, Visit, brought, receive, visit

__all__ = [
    "BROKEN",
    "NOT_FOUND",
    "Committer",
    "Door",
    "Letter",
    "Place",
    "Visit",
    "address_letters",
    "brought",
    "door_of",
    "file",
    "known",
    "receive",
    "replay",
    "request_row",
    "the_committer",
    "visit",
]
