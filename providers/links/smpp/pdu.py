"""SMPP 3.4 on the wire: PDUs, the bodies that we need, and optional parameters (TLVs).

Strict in what it writes, lenient in what it reads: an answer may lack its body, the parameters may
end in the middle. What cannot be read is Garbage, never another exception.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x1, 0x2, 0x9
SUBMIT_SM, DELIVER_SM, DATA_SM = 0x4, 0x5, 0x103
UNBIND, ENQUIRE_LINK, OUTBIND, ALERT = 0x6, 0x15, 0xB, 0x102
RESPONSE = 0x8000_0000
GENERIC_NACK = RESPONSE
VERSION = 0x34

SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F
MESSAGE_PAYLOAD, RECEIPTED_ID, MESSAGE_STATE, NETWORK_ERROR = 0x0424, 0x001E, 0x0427, 0x0423

UDHI, RECEIPT, ACKNOWLEDGEMENTS, INTERMEDIATE = 0x40, 0x04, 0x18, 0x20

HEADER = struct.Struct(">4I")
#: The longest PDU we believe in: a message_payload of 64 kB, and all fields around it.
LONGEST = 70_000
LAST_SEQUENCE = 0x7FFF_FFFF


class Garbage(ValueError):
    """Bytes that are not SMPP."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU with its body unread."""

    command: int
    status: int
    sequence: int
    body: bytes = b""


def pack(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """A PDU's bytes."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


class Splitter:
    """Cuts what TCP brings, in whatever pieces, into PDUs."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> Iterator[Pdu]:
        """The PDUs that are whole by now. Raises Garbage: then nothing after it can be read."""
        buffer = self._rest + received if self._rest else received
        start, end = 0, len(buffer)
        self._rest = b""
        while end - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if not 16 <= length <= LONGEST:
                raise Garbage(f"a PDU of {length} bytes")
            if end - start < length:
                break
            _, command, status, sequence = HEADER.unpack_from(buffer, start)
            body = buffer[start + 16 : start + length]
            start += length
            self._rest = buffer[start:]
            yield Pdu(command, status, sequence, body)
        self._rest = buffer[start:]


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type and its numbering plan."""

    ton: int = 0
    npi: int = 0
    value: str = ""

    def packed(self) -> bytes:
        return bytes((self.ton, self.npi)) + self.value.encode("latin-1", "replace") + b"\0"


@dataclass(frozen=True, slots=True)
class Short:
    """The body of submit_sm and deliver_sm; of data_sm what it shares with them."""

    source: Address
    destination: Address
    text: bytes = b""
    coding: int = 0
    esm_class: int = 0
    registered: int = 0
    service_type: str = ""
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    def packed(self) -> bytes:
        """As submit_sm and deliver_sm carry it. Raises ValueError if the text is too long."""
        return b"".join(
            (
                self.service_type.encode("latin-1", "replace") + b"\0",
                self.source.packed(),
                self.destination.packed(),
                # protocol, priority, no schedule, no validity; and no replacing
                bytes((self.esm_class, 0, 0, 0, 0, self.registered, 0, self.coding, 0)),
                bytes((len(self.text),)),
                self.text,
                pack_tlvs(self.tlvs),
            )
        )

    @property
    def whole_text(self) -> bytes:
        """The text, wherever it stands."""
        return self.text or self.tlvs.get(MESSAGE_PAYLOAD, b"")


def pack_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    return b"".join(struct.pack(">HH", tag, len(v)) + v for tag, v in tlvs.items())


def pack_bind(
    system_id: str, password: str, system_type: str, address: Address, version: int = VERSION
) -> bytes:
    """The body of the three binds."""
    texts = (each.encode("latin-1", "replace") + b"\0" for each in (system_id, password))
    kind = system_type.encode("latin-1", "replace") + b"\0"
    return b"".join((*texts, kind, bytes((version,)), address.packed()))


class Reader:
    """Reads a body from its beginning; every lack is Garbage."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def byte(self) -> int:
        return self.some(1)[0]

    def some(self, count: int) -> bytes:
        found = self.body[self.at : self.at + count]
        if len(found) < count:
            raise Garbage("a body that is too short")
        self.at += count
        return found

    def text(self) -> str:
        """A text that ends with NUL."""
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise Garbage("a text without an end")
        found, self.at = self.body[self.at : end], end + 1
        return found.decode("latin-1")

    def address(self) -> Address:
        return Address(self.byte(), self.byte(), self.text())

    def tlvs(self) -> dict[int, bytes]:
        """The parameters up to the end; one that is cut off is left out."""
        found: dict[int, bytes] = {}
        while len(self.body) - self.at >= 4:
            tag, length = struct.unpack_from(">HH", self.body, self.at)
            value = self.body[self.at + 4 : self.at + 4 + length]
            if len(value) < length:
                break
            found.setdefault(tag, value)
            self.at += 4 + length
        return found


def read_short(pdu: Pdu) -> Short:
    """The body of a submit_sm, deliver_sm or data_sm. Raises Garbage."""
    reader = Reader(pdu.body)
    service_type, source, destination = reader.text(), reader.address(), reader.address()
    esm_class = reader.byte()
    if pdu.command == DATA_SM:
        registered, coding, text = reader.byte(), reader.byte(), b""
    else:
        reader.some(2)
        reader.text(), reader.text()
        registered, _, coding, _ = reader.some(4)
        text = reader.some(reader.byte())
    return Short(
        source, destination, text, coding, esm_class, registered, service_type, reader.tlvs()
    )


def first_text(body: bytes) -> str:
    """The text that an answer begins with (the message's id, the SMSC's name); "" if none."""
    return body.partition(b"\0")[0].decode("latin-1").strip()
