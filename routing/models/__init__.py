"""Facts, and the changes of one object."""

from .campaigns import Campaign, Recipient, StateCount
from .counts import HourCount
from .customers import Customer
from .doors import Door, Errand, receivers_of
from .exchanges import Exchange, Held, PlatformEvent
from .messages import Attachment, Message, Part, Report
from .rules import Extension, Platform, Queue, Rule
from .sessions import AlreadyTaken, Archived, Session, SessionClosed
from .together import AgentStatus, Category, ClosingRule, Closure, Listening
from .writing import AgentSettings, CannedReply, Draft, Mention

__all__ = [
    "AgentSettings",
    "AgentStatus",
    "AlreadyTaken",
    "Archived",
    "Attachment",
    "Campaign",
    "CannedReply",
    "Category",
    "ClosingRule",
    "Closure",
    "Customer",
    "Door",
    "Draft",
    "Errand",
    "Exchange",
    "Extension",
    "Held",
    "HourCount",
    "Listening",
    "Mention",
    "Message",
    "Part",
    "Platform",
    "PlatformEvent",
    "Queue",
    "Recipient",
    "Report",
    "Rule",
    "Session",
    "SessionClosed",
    "StateCount",
    "receivers_of",
]
