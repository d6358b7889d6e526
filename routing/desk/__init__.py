"""What an agent can do: write, pick up, transfer, close, archive, start, retry.

Every function takes the agent first and changes nothing the agent may not see. What is refused is
raised as Refused, AlreadyTaken or SessionClosed, with a sentence for the agent.
"""

from ..models import AlreadyTaken, SessionClosed
from .drafting import draft_of, forget_draft, keep_draft
from .limits import check
from .noting import mentioned, note, see_mentions
from .overtaking import Overtaken
from .refusing import Refused
from .sessions import archive, close, pick_up, read, transfer, unarchive
from .starting import numbers_to_start_from, start
from .telling import NOTE, audiences, say, tell_members
from .testing import send_test
from .undoing import undo
from .watching import look, others
from .writing import retry, write

__all__ = [
    "NOTE",
    "AlreadyTaken",
    "Overtaken",
    "Refused",
    "SessionClosed",
    "archive",
    "audiences",
    "check",
    "close",
    "draft_of",
    "forget_draft",
    "keep_draft",
    "look",
    "mentioned",
    "note",
    "numbers_to_start_from",
    "others",
    "pick_up",
    "read",
    "retry",
    "say",
    "see_mentions",
    "send_test",
    "start",
    "tell_members",
    "transfer",
    "unarchive",
    "undo",
    "write",
]
