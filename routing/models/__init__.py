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
from .changes import Change, Feed
from .counts import HourCount
from .customers import Customer
from .doors import Door, Errand, receivers_of
from .exchanges import Exchange, Held, PlatformEvent
from .imports import CardImport, ImportRow
from .layout import SavedView
from .messages import Attachment, Message, Part, Report
from .open_api import Handover, OpenTarget, OpenToken, SetAside
from .recipients import Recipient, StateCount
from .rules import Extension, Platform, Queue, Rule
from .sessions import AlreadyTaken, Archived, Session, SessionClosed
from .tags import SessionTag, Tag
from .together import AgentStatus, Category, ClosingRule, Closure, Listening
from .tokens import Answered, ApiToken, Upload
from .webhooks import Circuit, Delivery, Webhook
from .writing import AgentSettings, CannedReply, Draft, Mention

__all__ = [
    "AddressBook",
    "AgentSettings",
    "AgentStatus",
    "AlreadyTaken",
    "Answered",
    "ApiToken",
    "Archived",
    "Attachment",
    "Campaign",
    "CannedReply",
    "Card",
    "CardEvent",
    "CardField",
    "CardImport",
    "Category",
    "Change",
    "Circuit",
    "ClosingRule",
    "Closure",
    "Customer",
    "Delivery",
    "Door",
    "Draft",
    "Erasure",
    "Errand",
    "Exchange",
    "Extension",
    "Feed",
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
    "PanelClosed",
    "Part",
    "Platform",
    "PlatformEvent",
    "PushSubscription",
    "Queue",
    "Recipient",
    "Report",
    "Rule",
    "SavedView",
    "Session",
    "SessionClosed",
    "SessionTag",
    "SetAside",
    "StateCount",
    "Tag",
    "Upload",
    "Webhook",
    "receivers_of",
]
