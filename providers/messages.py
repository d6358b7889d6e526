"""What travels between a provider and the desk, as plain objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: What became of a message.
SENT = "sent"  # the provider, or the network behind it, has it
DELIVERED = "delivered"
FAILED = "failed"
READ = "read"


@dataclass(frozen=True, slots=True)
class Media:
    """A file that goes with a message.

    Outbound it carries an address that the provider may fetch without credentials until it
    expires. Inbound it carries either the bytes or an address; ``needs_credentials`` says that
    only the adapter's ``fetch`` can get it.
    """

    url: str = ""
    content: bytes | None = None
    name: str = ""
    content_type: str = ""
    size: int | None = None
    needs_credentials: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A text that the provider has approved, to be sent where a free one may not.

    ``variables`` are the names (or the numbers from "1") that ``body`` shows as ``{{name}}``;
    ``parts`` is the provider's own description, for the adapter that sends it. Only ``usable``
    ones may be sent; ``status`` is the provider's word for the others.
    """

    name: str
    language: str
    body: str
    variables: tuple[str, ...] = ()
    category: str = ""
    status: str = ""
    usable: bool = True
    parts: Any = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with what its variables stand for, in their order."""

    template: Template
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message to be sent. Numbers are E.164 with "+", unless the sender is alphanumeric.

    ``reference`` is ours: letters and digits, new for every attempt, unique for ever.
    ``webhook_url`` is the channel's address, for providers told per message where to report.
    ``template``, if set, is sent instead of ``text``, which then shows how it will read.
    """

    sender: str
    recipient: str
    text: str
    reference: str
    media: tuple[Media, ...] = ()
    webhook_url: str = ""
    template: Filled | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from a customer.

    ``provider_id`` is the provider's id, the same whenever it repeats the message. A provider
    without ids leaves it empty: then a hash of the content stands in for it. ``sent_at`` is the
    provider's time where it tells one. ``name`` is the customer's, where the network tells it.
    """

    sender: str
    recipient: str
    text: str
    provider_id: str = ""
    media: tuple[Media, ...] = ()
    sent_at: datetime | None = None
    name: str = ""
    raw: str = ""  # what could not be decoded, kept for the administrator
    others: tuple[str, ...] = ()  # further recipients: the first that is ours gets the message


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says became of a message: SENT, DELIVERED, FAILED or READ.

    It names the message by the provider's id or by our reference; one is enough. Networks that
    only tell how far a customer has read leave both empty, and set ``customer`` and ``up_to``: all
    that was sent to that customer until then. ``reason`` is the provider's own word for a failure,
    in a sentence an agent understands.
    """

    status: str
    provider_id: str = ""
    reference: str = ""
    reason: str = ""
    at: datetime | None = None
    customer: str = ""
    up_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class OptOut:
    """The provider says that a customer wants no more (or, ``lifted``, wants again) messages."""

    customer: str
    number: str = ""
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class ChannelFault:
    """The provider says, outside any message, that the channel itself does not work."""

    reason: str


Event = Inbound | Report | OptOut | ChannelFault


@dataclass(frozen=True, slots=True)
class Batch:
    """What ``collect`` found: events, and where to go on.

    ``cursor`` is kept for the next call once the events are stored; ``confirm`` names what the
    provider may then forget. ``more``: there is more at once, do not wait.
    """

    events: tuple[Event, ...] = ()
    cursor: str = ""
    confirm: tuple[str, ...] = ()
    more: bool = False
