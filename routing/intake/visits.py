"""One request to a webhook, from its arrival to its answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from providers.base import ChannelFault, Event, Inbound, OptOut, Reply, Report, WebhookRequest
from providers.errors import WebhookError
from providers.http import LOGGED_CHARS, redact

from .. import delivery
from ..models import Exchange, Held, health
from .commit import the_committer
from .door import Door, door_of
from .held import hold
from .letters import Letter, address_letters
from .log import request_row
from .packed import METHOD, pack

log = logging.getLogger(__name__)

NOT_FOUND = Reply("There is no such webhook address.", status=404)
BROKEN = Reply("Parley could not store this. Please send it again.", status=500)


@dataclass(slots=True)
class Visit:
    """What is to be done for a request before it may be answered with ``reply``."""

    door: Door
    request: WebhookRequest
    reply: Reply
    letters: list[Letter] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    others: list[OptOut | ChannelFault] = field(default_factory=list)
    #: Why the request is kept for the administrator, if it is: (cause, sentence).
    held: tuple[str, str] | None = None
    outcome: str = Exchange.OK
    reason: str = ""

    def store_letters(self) -> Future[None]:
        """Hand the messages, and the request for the log, to the group commit."""
        return the_committer().submit(self.letters, self.row())

    async def letters_stored(self) -> None:
        """The same from an event loop; returns after the commit."""
        await the_committer().store(self.letters, self.row())

    def store_rest(self) -> None:
        """Store what is not a message: reports, faults, and the request if it is held."""
        if self.held:
            hold(self.door.channel, self.request, *self.held, self.door.secrets)
        if self.reports:
            delivery.record(self.door.channel, self.reports)
        for other in self.others:
            if isinstance(other, ChannelFault):
                health.show_fault(self.door.channel, other.reason)

    @property
    def has_rest(self) -> bool:
        return bool(self.held or self.reports or self.others)

    def row(self) -> dict[str, Any]:
        """The request for the log of exchanges, secrets cut out."""
        request, secrets = self.request, self.door.secrets
        where = "/".join(["…", *filter(None, [request.tail])])
        query = f"?{request.query_string}" if request.query_string else ""
        body = request.body[:LOGGED_CHARS].decode("utf-8", "replace")
        call = {
            "method": request.method,
            "url": redact(where + query, secrets)[:2_000],
            "request": redact(body, secrets),
            "status": self.reply.status,
            "answer": self.reply.body[:LOGGED_CHARS],
            "error": self.reason,
        }
        return request_row(self.door.channel, self.outcome, self.reason, call, request.remote)


def visit(door: Door, request: WebhookRequest) -> Visit:
    """Check whether the request may come in, and read it."""
    if not door.channel.allows_address(request.remote):
        said = f"{request.remote or 'An unknown address'} may not call this webhook."
        return _refused(door, request, said, 403)
    if len(request.body) > settings.WEBHOOK_MAX_BYTES:
        most = settings.WEBHOOK_MAX_BYTES // 1024
        said = f"The request is too large: at most {most:,} KiB are accepted."
        refused = _refused(door, request, said, 413)
        refused.held = (Held.OVERSIZED, said)
        return refused
    try:
        door.adapter.verify_webhook(request)
    except WebhookError as error:
        return _refused(door, request, error.reason, 403)
    return read(door, request)


def read(door: Door, request: WebhookRequest) -> Visit:
    """Let the adapter read a verified request. What it cannot read is held, with its error."""
    adapter = door.adapter
    try:
        echo = adapter.challenge(request)
        if echo is not None:
            return Visit(door, request, Reply(echo))
        found = Visit(door, request, Reply())
        _sort(found, adapter.parse(request))
        found.reply = adapter.answer(request)
        return found
    except WebhookError as error:
        said = error.reason
    except Exception as error:
        log.exception("%s: a webhook could not be read", door.channel)
        said = f"Parley's {adapter.name} adapter made a mistake: {error}"
    refused = _refused(door, request, said, adapter.unreadable_status)
    refused.outcome = Exchange.HELD
    refused.held = (Held.UNREADABLE, said)
    return refused


def brought(door: Door, events: Sequence[Event]) -> Visit:
    """What came without a request (from a session, or by asking) as a visit to be stored."""
    found = Visit(door, WebhookRequest(method=METHOD), Reply())
    _sort(found, list(events))
    if found.held:
        filed = {id(letter.inbound) for letter in found.letters}
        messages = [each for each in events if isinstance(each, Inbound)]
        found.request = pack([each for each in messages if id(each) not in filed])
    return found


def receive(provider: str, token: str, request: WebhookRequest) -> Reply:
    """Take a request, store what it says, and return the answer. For callers that may wait."""
    door = door_of(provider, token)
    if door is None:
        return NOT_FOUND
    found = visit(door, request)
    try:
        if found.has_rest:
            found.store_rest()
        found.store_letters().result(timeout=30)
    except Exception:
        log.exception("%s: a request could not be stored", found.door.channel)
        return BROKEN
    return found.reply


def _sort(found: Visit, events: list[Event]) -> None:
    """Share the events out; a message to a number that is not set up keeps the whole request."""
    messages = [each for each in events if isinstance(each, Inbound)]
    if messages and not found.door.channel.receives:
        found.outcome = Exchange.HELD
        found.reason = "Incoming messages are switched off in this channel."
        found.held = (Held.NOT_RECEIVING, found.reason)
        messages = []
    found.letters, lost = address_letters(found.door, messages)
    found.reports = [each for each in events if isinstance(each, Report)]
    found.others = [each for each in events if isinstance(each, OptOut | ChannelFault)]
    if lost:
        found.outcome = Exchange.HELD
        found.reason = f"{lost[0].recipient or 'No number'} is not set up in this channel."
        found.held = (Held.UNKNOWN_NUMBER, found.reason)


def _refused(door: Door, request: WebhookRequest, said: str, status: int) -> Visit:
    reply = Reply(said if status >= 400 else "OK", status=status)
    return Visit(door, request, reply, outcome=Exchange.REFUSED, reason=said)
