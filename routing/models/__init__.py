"""Facts, and the changes of one object."""

from .counts import HourCount
from .customers import Customer
from .doors import Door, Errand, receivers_of
from .exchanges import Exchange, Held, PlatformEvent
from .messages import Attachment, Message, Part, Report
from .rules import Extension, Platform, Queue, Rule
from .sessions import AlreadyTaken, Archived, Session, SessionClosed
from .writing import AgentSettings, CannedReply, Draft, Mention

__all__ = [
    "AgentSettings",
    "AlreadyTaken",
    "Archived",
    "Attachment",
    "CannedReply",
    "Customer",
    "Door",
    "Draft",
    "Errand",
    "Exchange",
    "Extension",
    "Held",
    "HourCount",
    "Mention",
    "Message",
    "Part",
    "Platform",
    "PlatformEvent",
    "Queue",
    "Report",
    "Rule",
    "Session",
    "SessionClosed",
    "receivers_of",
]
