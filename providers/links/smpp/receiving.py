"""What the SMSC brings: read, stored by the desk, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol
from uuid import uuid4

from ...messages import Event, Inbound, Report
from ...reading import clean, e164
from ..base import Station
from . import receipts
from .alphabets import decode
from .joining import Joiner, Part, part_of, runs
from .pdu import Address, Garbage, Pdu, read_short
from .statuses import OK, PERMANENT, TEMPORARY

log = logging.getLogger(__name__)

#: So long the parts of a long message stay unacknowledged while the others are awaited: the SMSC
#: keeps what we have not stored. One that brings the next part only after that is not kept waiting.
HOLD_SECONDS = 1.5
EARLY_SECONDS = 1.0  # so long the answer that a first receipt belongs to is waited for
EARLY_WAITS = 20
MOST_WAITING = 1_000
REPEAT_SECONDS = 150.0  # for how long the desk takes an equal text for a repetition
UNKNOWN, INTERNATIONAL, NATIONAL = 0, 1, 2  # types of number
GAP = "[… a part of this message did not arrive …]"
NO_TEXT = "(A message that is not text.)"


class Asker(Protocol):
    """The connection that a PDU came by."""

    def answer(self, pdu: Pdu, status: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Token:
    """How a PDU is answered."""

    asker: Asker
    pdu: Pdu

    def answer(self, status: int) -> None:
        self.asker.answer(self.pdu, status)


@dataclass(slots=True)
class Item:
    """An event, and the PDUs that are answered once it is stored."""

    event: Event
    tokens: list[Token]
    parts: Sequence[Part | None] = ()
    heard: tuple[str, str, str] | None = None


@dataclass(slots=True)
class Receiver:
    """Takes the PDUs of all connections of a link; ``run`` stores them, many at once."""

    station: Station
    ids: receipts.Ids
    alphabet: str
    in_flight: Callable[[], bool]  # whether answers to messages of ours are awaited
    country_code: str = ""
    _queue: deque[Token] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _joiner: Joiner = field(default_factory=Joiner)
    _hold: float = HOLD_SECONDS
    _early_waits: int = EARLY_WAITS
    _let_go: dict[Hashable, float] = field(default_factory=dict)
    _heard: dict[tuple[str, str, str], tuple[Asker, float]] = field(default_factory=dict)

    def take(self, asker: Asker, pdu: Pdu) -> None:
        """A deliver_sm or data_sm came."""
        token = Token(asker, pdu)
        if len(self._queue) >= MOST_WAITING:
            token.answer(TEMPORARY)
            return
        self._queue.append(token)
        self._wake.set()

    async def run(self) -> None:
        """Store what comes, until cancelled; then at least what the SMSC will not bring again."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._patience()):
                        await self._wake.wait()
                self._wake.clear()
                tokens = list(self._queue)
                self._queue.clear()
                items = [item for token in tokens for item in await self._read(token)]
                await self._store(items + self._late(monotonic()))
        finally:
            await self._store(self._leftovers())

    def _patience(self) -> float | None:
        """Seconds until parts of long messages must be looked after."""
        if self._joiner.holds:
            return 0.25
        return 1.0 if self._joiner.waits else None

    # reading

    async def _read(self, token: Token) -> list[Item]:
        """The item that a PDU makes, or makes whole; a part alone makes none."""
        try:
            short = read_short(token.pdu)
        except Garbage as error:
            said = f"deliver_sm is refused, as it cannot be read ({error})"
            self.station.log("in", f"{said}: {token.pdu.body[:300].hex()}")
            token.answer(PERMANENT)
            return []
        try:
            receipt = receipts.read(short)
        except ValueError as error:
            self.station.log("in", f"{error} is left aside: {short.whole_text[:300]!r}")
            token.answer(OK)
            return []
        if receipt is not None:
            await self._early(receipt.id)
            named = self.ids.received(receipt.id)
            self.station.log("in", f"receipt: {short.whole_text[:200].decode('latin-1')}")
            return [Item(Report(receipt.status, named, reason=receipt.reason), [token])]
        return self._letter(part_of(short), token)

    async def _early(self, given: str) -> None:
        """Wait a moment if the answer that brings this id may be on its way."""
        if not (self._early_waits and self.ids.puzzles(given)):
            return
        self._early_waits -= 1
        until, quiet = monotonic() + EARLY_SECONDS, 0
        # An answer that was read a moment ago is known a turn of the loop later.
        while self.ids.puzzles(given) and quiet < 3 and monotonic() < until:
            quiet = 0 if self.in_flight() else quiet + 1
            await asyncio.sleep(0.02)

    def _letter(self, part: Part, token: Token) -> list[Item]:
        part.tokens.append(token)
        if part.place is None:
            return [self._item([part])]
        if self._joiner.repeated(part):
            token.answer(OK)
            return []
        part.at = monotonic()
        if part.at - self._let_go.pop(part.key, -60.0) < 30.0:
            self._hold = 0.0  # it waited for our answer to the part before
        found = self._joiner.add(part)
        return [self._item(found)] if found else []

    def _item(self, parts: Sequence[Part | None]) -> Item:
        """The item of a message; repeated parts stand after the others."""
        present = [part for part in parts if part]
        total = present[0].place.total if present[0].place else 1
        texts, raw = [], ""
        for run in runs(parts[:total]):
            text, unread = decode(run[1], run[0].coding, self.alphabet) if run else (GAP, "")
            texts.append(text)
            raw += unread
        text = "".join(texts) or (NO_TEXT if raw else "")
        tokens = [token for part in present for token in part.tokens]
        short = present[0].short
        sender, recipient = self._number(short.source), self._number(short.destination)
        heard = (sender, recipient, text)
        # The desk takes an equal text for a repetition, unless it has an id of its own. The SMSC
        # repeats only what it has no answer for; so the same again by this connection is new.
        by, at = self._heard.get(heard, (None, 0.0))
        again = tokens and by is tokens[-1].asker and monotonic() - at < REPEAT_SECONDS
        self.station.log("in", f"message from {sender} to {recipient}: {text}")
        event = Inbound(sender, recipient, text, uuid4().hex if again else "", raw=raw)
        return Item(event, tokens, parts, heard)

    def _number(self, address: Address) -> str:
        """An address as the desk writes it: with "+" where it can be an international number."""
        value = clean(address.value).strip()
        national = address.ton == NATIONAL or (value.startswith("0") and value[1:2] != "0")
        if self.country_code and national and value.isdigit():
            return e164(self.country_code + value.removeprefix("0"))
        return e164(value) if address.ton in (UNKNOWN, INTERNATIONAL) else value

    # long messages

    def _late(self, now: float) -> list[Item]:
        """Let go of parts that were held long enough, and of messages that stay incomplete."""
        for part in self._joiner.held(now - self._hold):
            for token in part.tokens:
                token.answer(OK)
            part.tokens.clear()
            self._let_go[part.key] = now
        if len(self._let_go) > MOST_WAITING:
            self._let_go.clear()
        return [self._item(each) for each in self._joiner.overdue(now)]

    def _leftovers(self) -> list[Item]:
        """Of incomplete messages those with a part that the SMSC will not bring again."""
        found = self._joiner.overdue(monotonic(), everything=True)
        return [self._item(e) for e in found if any(part and not part.tokens for part in e)]

    # storing

    async def _store(self, items: list[Item]) -> None:
        """Store the items, together if possible, and answer each as it went."""
        if not items:
            return
        try:
            await self.station.deliver([item.event for item in items])
        except Exception as error:
            if len(items) > 1:
                for item in items:
                    await self._store([item])
                return
            log.exception("What came by SMPP could not be stored")
            self.station.log("in", f"not stored, to be brought again: {error}")
            self._answer(items[0], TEMPORARY)
            self._joiner.restore(items[0].parts)
            return
        for item in items:
            self._stored(item)

    def _stored(self, item: Item) -> None:
        if item.parts:
            self._joiner.stored(item.parts, monotonic())
        self._answer(item, OK)
        if item.heard and item.tokens:
            if len(self._heard) > 5 * MOST_WAITING:
                self._heard.clear()
            self._heard[item.heard] = (item.tokens[-1].asker, monotonic())

    def _answer(self, item: Item, status: int) -> None:
        for token in item.tokens:
            token.answer(status)
