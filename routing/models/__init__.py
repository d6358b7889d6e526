"""Facts, and the changes of one object."""

from .app import PushSubscription
from .campaigns import Campaign
from .cards import (
    AddressBook,
    Card,
    CardEvent,
    CardField,
    Erasure,
    FieldValue,
    PanelClosed,
)
from .counts import HourCount
from .customers import Customer
from .doors import Door, Errand, receivers_of
from .exchanges import Exchange, Held, PlatformEvent
from .imports import CardImport, ImportRow
from .messages import Attachment, Message, Part, Report
from .open_api import Handover, OpenTarget, OpenToken, OpenUpload, SetAside
from .recipients import Recipient, StateCount
from .rules import Extension, Platform, Queue, Rule
from .sessions import AlreadyTaken, Archived, Session, SessionClosed
from .tags import SessionTag, Tag
from .together import AgentStatus, Category, ClosingRule, Closure, Listening
from .writing import AgentSettings, CannedReply, Draft, Mention

__all__ = [
    "AddressBook",
    "AgentSettings",
    "AgentStatus",
    "AlreadyTaken",
    "Archived",
    "Attachment",
    "Campaign",
    "CannedReply",
    "Card",
    "CardEvent",
    "CardField",
    "CardImport",
    "Category",
    "ClosingRule",
    "Closure",
    "Customer",
    "Door",
    "Draft",
    "Erasure",
    "Errand",
    "Exchange",
    "Extension",
    "FieldValue",
    "Handover",
    "Held",
    "HourCount",
    "ImportRow",
    "Listening",
    "Mention",
    "Message",
    "OpenTarget",
    "OpenToken",
    "OpenUpload",
    "PanelClosed",
    "Part",
    "Platform",
    "PlatformEvent",
    "PushSubscription",
    "Queue",
    "Recipient",
    "Report",
    "Rule",
    "Session",
    "SessionClosed",
    "SessionTag",
    "SetAside",
    "StateCount",
    "Tag",
    "receivers_of",
]
