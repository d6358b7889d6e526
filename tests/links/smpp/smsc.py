"""An SMSC on loopback that does what a test tells it, on our own codec."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from providers.links.smpp import pdu as wire
from providers.links.smpp.pdu import Address, Pdu, Reader, Short, Splitter, pack
from providers.links.smpp.statuses import OK

BINDS = (wire.BIND_RECEIVER, wire.BIND_TRANSMITTER, wire.BIND_TRANSCEIVER)


@dataclass
class Submitted:
    """A submit_sm as it came."""

    short: Short
    sequence: int
    by: Bound
    number: int  # the first is 1


#: What becomes of a submit_sm: (status, id); None: no answer at all.
Verdict = tuple[int, str] | None


@dataclass(eq=False)
class Bound(asyncio.Protocol):
    """One connection to the SMSC."""

    smsc: Smsc
    command: int = 0
    system_id: str = ""
    password: str = ""
    splitter: Splitter = field(default_factory=Splitter)
    transport: Any = None
    sequence: int = 0
    waiting: dict[int, asyncio.Future[Pdu]] = field(default_factory=dict)
    enquiries: int = 0
    unbinds: int = 0
    nacks: list[Pdu] = field(default_factory=list)
    unanswered: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.smsc.connections.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.command = 0
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the ESME is gone"))

    def data_received(self, data: bytes) -> None:
        for each in self.splitter.feed(data):
            self.read(each)

    def read(self, found: Pdu) -> None:
        if found.command == wire.GENERIC_NACK:
            self.nacks.append(found)
        if found.command & wire.RESPONSE:
            if (future := self.waiting.pop(found.sequence, None)) and not future.done():
                future.set_result(found)
        elif found.command in BINDS:
            self.bind(found)
        elif found.command == wire.SUBMIT_SM:
            self.submit(found)
        elif found.command == wire.ENQUIRE_LINK:
            self.enquiries += 1
            if self.smsc.lively:
                self.reply(found)
        elif found.command == wire.UNBIND:
            self.unbinds += 1
            self.reply(found)
            asyncio.get_running_loop().call_later(0.01, self.transport.close)

    def bind(self, found: Pdu) -> None:
        reader = Reader(found.body)
        self.system_id, self.password = reader.text(), reader.text()
        status = self.smsc.on_bind(self)
        if status is None:
            return
        if status == OK:
            self.command = found.command
        self.reply(found, status, b"TESTSMSC\0" if status == OK else b"")

    def submit(self, found: Pdu) -> None:
        number = len(self.smsc.submitted) + 1
        submitted = Submitted(wire.read_short(found), found.sequence, self, number)
        self.smsc.submitted.append(submitted)
        self.unanswered += 1
        self.smsc.most_unanswered = max(self.smsc.most_unanswered, self.unanswered)
        if self.smsc.delay:
            asyncio.get_running_loop().call_later(self.smsc.delay, self.judge, found, submitted)
        else:
            self.judge(found, submitted)

    def judge(self, found: Pdu, submitted: Submitted) -> None:
        verdict = self.smsc.on_submit(submitted)
        if verdict is not None:
            self.unanswered -= 1
            status, given = verdict
            self.reply(found, status, given.encode() + b"\0" if status == OK else b"")

    def reply(self, found: Pdu, status: int = OK, body: bytes = b"") -> None:
        self.write(pack(found.command | wire.RESPONSE, found.sequence, body, status))

    def write(self, written: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(written)

    async def ask(self, command: int, body: bytes = b"", seconds: float = 10) -> Pdu:
        """Send a request; the ESME's answer."""
        self.sequence += 1
        future = asyncio.get_running_loop().create_future()
        self.waiting[self.sequence] = future
        self.write(pack(command, self.sequence, body))
        return await asyncio.wait_for(future, seconds)

    async def deliver(self, short: Short, seconds: float = 10) -> int:
        """Bring a deliver_sm; the status that it is answered with."""
        return (await self.ask(wire.DELIVER_SM, short.packed(), seconds)).status

    def drop(self) -> None:
        """Hang up without a word."""
        self.transport.abort()


@dataclass
class Smsc:
    """``async with Smsc() as smsc``; its behaviour may be changed at any time."""

    password: str = "pa55word"
    certificate: ssl.SSLContext | None = None
    port: int = 0
    delay: float = 0.0
    lively: bool = True  # answers enquire_link
    connections: list[Bound] = field(default_factory=list)
    submitted: list[Submitted] = field(default_factory=list)
    most_unanswered: int = 0
    server: asyncio.Server | None = None
    on_bind: Callable[[Bound], int | None] = None  # type: ignore[assignment]
    on_submit: Callable[[Submitted], Verdict] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.on_bind = self.on_bind or self.check_password
        self.on_submit = self.on_submit or self.take

    def check_password(self, bound: Bound) -> int:
        return OK if bound.password == self.password else 0x0E

    def take(self, submitted: Submitted) -> Verdict:
        return OK, f"id{submitted.number}"

    async def __aenter__(self) -> Smsc:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: Bound(self), "127.0.0.1", self.port, ssl=self.certificate
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse calls, and hang up."""
        if self.server:
            self.server.close()
            self.server = None
        for each in self.connections:
            if each.transport:
                each.transport.abort()
        await asyncio.sleep(0)

    def bound(self, *commands: int) -> list[Bound]:
        """The connections that are bound, by one of these commands if any are named."""
        return [each for each in self.connections if each.command in (commands or BINDS)]

    async def until_bound(self, count: int = 1, seconds: float = 10) -> Bound:
        """Wait for so many bound connections; the last one."""
        await until(lambda: len(self.bound()) >= count, seconds)
        return self.bound()[-1]


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def short(
    text: bytes = b"Hi",
    *,
    coding: int = 0,
    esm_class: int = 0,
    tlvs: dict[int, bytes] | None = None,
    source: str = "41791112233",
    destination: str = "41791234510",
) -> Short:
    """A deliver_sm from a customer."""
    return Short(
        Address(1, 1, source), Address(1, 1, destination), text, coding, esm_class, tlvs=tlvs or {}
    )


def receipt(given: str, state: str = "DELIVRD", error: str = "000") -> Short:
    """A delivery receipt as most operators write it."""
    text = (
        f"id:{given} sub:001 dlvrd:001 submit date:2603141200 done date:2603141201 "
        f"stat:{state} err:{error} text:Hello"
    )
    return short(text.encode(), esm_class=wire.RECEIPT)


def udh(text: str, reference: int = 7, size: int = 134, *, wide: bool = False) -> list[Short]:
    """A text as the parts that a phone sends; cut anywhere, even within a letter."""
    whole = text.encode("utf-16-be")
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    head = struct.pack(">BBBH", 6, 8, 4, reference) if wide else bytes((5, 0, 3, reference))
    return [
        short(head + bytes((len(pieces), n)) + piece, coding=8, esm_class=wire.UDHI)
        for n, piece in enumerate(pieces, 1)
    ]


def sar(text: str) -> list[Short]:
    whole = text.encode("utf-16-be")
    pieces = [whole[at : at + 120] for at in range(0, len(whole), 120)]
    total = bytes((len(pieces),))
    return [
        short(
            piece,
            coding=8,
            tlvs={
                wire.SAR_REFERENCE: b"\x01\x02",
                wire.SAR_TOTAL: total,
                wire.SAR_NUMBER: bytes((n,)),
            },
        )
        for n, piece in enumerate(pieces, 1)
    ]
