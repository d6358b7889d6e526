"""What an agent can do: write, pick up, transfer, close, archive, start, retry.

Every function takes the agent first and changes nothing the agent may not see. What is refused is
raised as Refused, AlreadyTaken or SessionClosed, with a sentence for the agent.
"""

from ..models import AlreadyTaken, SessionClosed
from .closing import Question, close_with, question
from .drafting import draft_of, forget_draft, keep_draft
from .elsewhere import other_numbers, send_elsewhere, write_elsewhere
from .giving import give_back, going_back, hand
from .limits import check
from .noting import mentioned, note, see_mentions
from .overtaking import Overtaken
from .refusing import Refused
from .scheduling import reschedule
from .sessions import archive, close, pick_up, read, transfer, unarchive
from .snoozing import prioritise, snooze, wake
from .starting import numbers_to_start_from, start
from .statuses import Load, change_status, load
from .supervising import note_listening, reassign
from .telling import NOTE, audiences, say, tell_members
from .testing import send_test
from .undoing import undo
from .watching import look, others
from .writing import retry, write

__all__ = [
    "NOTE",
    "AlreadyTaken",
    "Load",
    "Overtaken",
    "Question",
    "Refused",
    "SessionClosed",
    "archive",
    "audiences",
    "change_status",
    "check",
    "close",
    "close_with",
    "draft_of",
    "forget_draft",
    "give_back",
    "going_back",
    "hand",
    "keep_draft",
    "load",
    "look",
    "mentioned",
    "note",
    "note_listening",
    "numbers_to_start_from",
    "other_numbers",
    "others",
    "pick_up",
    "prioritise",
    "question",
    "read",
    "reassign",
    "reschedule",
    "retry",
    "say",
    "see_mentions",
    "send_elsewhere",
    "send_test",
    "snooze",
    "start",
    "tell_members",
    "transfer",
    "unarchive",
    "undo",
    "wake",
    "write",
    "write_elsewhere",
]
