"""A customer's message comes in: filed in one transaction, many messages at once."""

from .commit import Committer, the_committer
from .door import Door, Place, door_of
from .filing import Letter, address_letters, file, request_row

__all__ = [
    "Committer",
    "Door",
    "Letter",
    "Place",
    "address_letters",
    "door_of",
    "file",
    "request_row",
    "the_committer",
]
