"""Messages as the modem takes and gives them: TPDUs of GSM 03.40 in hexadecimal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from ... import segments
from ...errors import Rejected
from ..parts import Place, elements, header_of, place_of, split_header
from ..smpp.alphabets import Alphabet

GSM7 = Alphabet("gsm7", 0x00, 160, 153)
UCS2 = Alphabet("ucs2", 0x08, 140, 134)
BINARY = "binary"

SUBMIT, WITH_VALIDITY, WITH_REPORT, WITH_HEADER = 0x01, 0x10, 0x20, 0x40
DELIVER_KIND, SUBMIT_KIND, REPORT_KIND = 0, 1, 2
INTERNATIONAL, NATIONAL, NAME = 0x91, 0x81, 0xD0
THREE_DAYS = 166 + 3  # of the relative validity: how long the network tries
MOST_PARTS = 255
SHIFTS = (0x24, 0x25)  # national tables, which we do not have


class Garbage(ValueError):
    """Not a PDU that can be read."""


@dataclass(frozen=True, slots=True)
class Received:
    """An SMS-DELIVER. ``body`` is one septet a byte in GSM-7, else octets; ``raw`` is the PDU."""

    sender: str
    sent_at: datetime | None
    alphabet: str
    body: bytes
    raw: str
    place: Place | None = None
    shifted: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """An SMS-STATUS-REPORT about the message with this reference."""

    reference: int
    recipient: str
    sent_at: datetime | None
    ended_at: datetime | None
    status: int


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets, after so many fill bits, as the octets that travel."""
    number = sum(septet << (7 * place + fill) for place, septet in enumerate(septets))
    return number.to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill: int = 0) -> bytes:
    """So many septets. Raises Garbage if there are fewer."""
    if len(octets) * 8 < count * 7 + fill:
        raise Garbage("a text that is too short")
    number = int.from_bytes(octets, "little") >> fill
    return bytes((number >> (7 * place)) & 0x7F for place in range(count))


def swapped(digits: str) -> bytes:
    """Digits as semi-octets: each pair the other way round, the last filled up with F."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[n + 1] + padded[n] for n in range(0, len(padded), 2)))


def address_of(number: str) -> bytes:
    """A recipient's number. Raises Rejected if it is none."""
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise Rejected(f"{number} is not a phone number.", code="invalid_phone_number")
    kind = INTERNATIONAL if number.startswith("+") else NATIONAL
    return bytes((len(digits), kind)) + swapped(digits)


def submits(recipient: str, text: str, reference: int, *, reports: bool) -> list[tuple[int, str]]:
    """The SMS-SUBMITs of a text: for each the length that AT+CMGS wants, and the PDU.

    ``reference`` joins the parts of a long text. Raises Rejected if it is too long.
    """
    address = address_of(recipient)
    alphabet = GSM7 if segments.count(text).encoding == "GSM-7" else UCS2
    whole = alphabet.encode(text)
    pieces = [whole]
    if len(whole) > alphabet.alone:
        pieces = alphabet.pieces(whole, alphabet.joined)
    if len(pieces) > MOST_PARTS:
        raise Rejected(f"The text takes {len(pieces)} parts; {MOST_PARTS} are possible.")
    flags = SUBMIT | WITH_VALIDITY | (WITH_REPORT if reports else 0)
    found = []
    for number, piece in enumerate(pieces, 1):
        header = header_of(Place(reference, len(pieces), number)) if len(pieces) > 1 else b""
        first = flags | (WITH_HEADER if header else 0)
        tpdu = bytes((first, 0)) + address + bytes((0, alphabet.coding, THREE_DAYS))
        tpdu += _user_data(alphabet, header, piece)
        found.append((len(tpdu), "00" + tpdu.hex().upper()))  # 00: the SIM's own service centre
    return found


def _user_data(alphabet: Alphabet, header: bytes, piece: bytes) -> bytes:
    """The length, the header and the text."""
    if alphabet is not GSM7:
        return bytes((len(header) + len(piece),)) + header + piece
    taken = -(-len(header) * 8 // 7)  # septets
    return bytes((taken + len(piece),)) + header + pack(piece, taken * 7 - len(header) * 8)


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self.octets, self.at = octets, 0

    def some(self, count: int) -> bytes:
        found = self.octets[self.at : self.at + count]
        if len(found) < count:
            raise Garbage("a PDU that is too short")
        self.at += count
        return found

    def byte(self) -> int:
        return self.some(1)[0]

    def address(self) -> str:
        digits, kind = self.some(2)
        written = self.some((digits + 1) // 2)
        if kind & 0x70 == NAME & 0x70:
            septets = unpack(written, digits * 4 // 7)
            return segments.decode_septets(septets.rstrip(b"\x1b")).strip()
        found = "".join(f"{each & 15:x}{each >> 4:x}" for each in written)[:digits]
        found = found.translate(str.maketrans("abcdef", "*#abc "))
        return ("+" if kind & 0x70 == INTERNATIONAL & 0x70 else "") + found.strip()

    def moment(self) -> datetime | None:
        """A time; None where the network wrote none that can be."""
        written = self.some(7)
        year, month, day, hour, minute, second = ((n & 15) * 10 + (n >> 4) for n in written[:6])
        zone = (written[6] & 7) * 10 + (written[6] >> 4)
        offset = timedelta(minutes=15 * (-zone if written[6] & 8 else zone))
        try:
            local = datetime(2000 + year, month, day, hour, minute, second, 0, timezone(offset))
            return local.astimezone(UTC)
        except (ValueError, OverflowError):
            return None


def read(written: str) -> Received | Receipt | None:
    """The message or receipt in a PDU with its service centre; None for one of our own.

    Raises Garbage if it is none of these.
    """
    try:
        reader = _Reader(bytes.fromhex(written))
        reader.some(reader.byte())  # the service centre
        first = reader.byte()
        if first & 3 == SUBMIT_KIND:
            return None
        if first & 3 == REPORT_KIND:
            reference, recipient = reader.byte(), reader.address()
            return Receipt(reference, recipient, reader.moment(), reader.moment(), reader.byte())
        if first & 3 != DELIVER_KIND:
            raise Garbage("a PDU of an unknown kind")
        sender = reader.address()
        _, coding = reader.some(2)
        return _received(first, sender, coding, reader.moment(), reader, written)
    except Garbage:
        raise
    except ValueError as error:
        raise Garbage(f"a PDU that cannot be read: {error}") from None


def _received(
    first: int, sender: str, coding: int, at: datetime | None, reader: _Reader, raw: str
) -> Received:
    count, alphabet = reader.byte(), alphabet_of(coding)
    body = reader.octets[reader.at :]
    header, taken = b"", 0
    if first & WITH_HEADER:
        header, rest = split_header(body)
        taken = len(body) - len(rest)
    if alphabet != GSM7.name:
        body = body[:count][taken:]
    else:
        septets = -(-taken * 8 // 7)
        body = unpack(body[taken:], max(0, count - septets), septets * 7 - taken * 8)
    shifted = any(kind in SHIFTS for kind, _ in elements(header))
    return Received(sender, at, alphabet, body, raw.upper(), place_of(header), shifted)


def alphabet_of(coding: int) -> str:
    """The alphabet that a data coding scheme of GSM 03.38 names."""
    group = coding >> 4
    if group == 0xF:
        return BINARY if coding & 4 else GSM7.name
    if group == 0xE:
        return UCS2.name
    if group >= 0x8:
        return GSM7.name
    return {0: GSM7.name, 8: UCS2.name}.get(coding & 0x0C, BINARY) if not coding & 0x20 else BINARY


def text_of(parts: list[Received | None]) -> tuple[str, str]:
    """The text of all parts, and the PDUs if anything of it could not be read for certain.

    Parts of one alphabet are joined first: careless phones cut a letter in halves. A part that
    never came shows as an ellipsis in brackets.
    """
    texts, certain = [], True
    for alphabet, body in _runs(parts):
        text, sure = _decode(alphabet, body)
        texts.append(text)
        certain = certain and sure
    certain = certain and not any(each.shifted for each in parts if each)
    return "".join(texts), "" if certain else " ".join(each.raw for each in parts if each)


def _runs(parts: list[Received | None]) -> Iterator[tuple[str, bytes]]:
    alphabet, body = "", b""
    for each in parts:
        found = each.alphabet if each else ""
        if found != alphabet and (body or alphabet):
            yield alphabet, body
            body = b""
        alphabet, body = found, (body + each.body) if each else b"..."
    yield alphabet, body


def _decode(alphabet: str, body: bytes) -> tuple[str, bool]:
    """The text, and whether that is for certain what was written."""
    if not alphabet:
        return " [...] ", False
    if alphabet == GSM7.name:
        whole = body.rstrip(bytes((segments.ESCAPE,)))
        return segments.decode_septets(whole), len(whole) == len(body)
    if alphabet == UCS2.name:
        text = body.decode("utf-16-be", "replace")
        return text.replace("\0", ""), "�" not in text
    return "", False
