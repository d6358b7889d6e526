"""PDUs as the network writes them, and those of ours read as it reads them: a second opinion.

Written bit by bit and not by the code under test.
"""

from __future__ import annotations

from datetime import datetime

from providers.segments import decode_septets, encode_septets

CENTRE = "07918497908952F0"
AT = "62111251400040"  # 2026-11-21 15:04:00, one hour east


def semi_octets(digits: str) -> str:
    digits += "F" * (len(digits) % 2)
    return "".join(digits[n + 1] + digits[n] for n in range(0, len(digits), 2))


def packed(septets: bytes, fill: int = 0) -> str:
    bits = "0" * fill + "".join(f"{each:07b}"[::-1] for each in septets)
    bits += "0" * (-len(bits) % 8)
    return "".join(f"{int(bits[n : n + 8][::-1], 2):02X}" for n in range(0, len(bits), 8))


def unpacked(octets: bytes, count: int, fill: int = 0) -> bytes:
    bits = "".join(f"{each:08b}"[::-1] for each in octets)[fill:]
    return bytes(int(bits[7 * n : 7 * n + 7][::-1], 2) for n in range(count))


def number(digits: str) -> str:
    bare = digits.removeprefix("+")
    return f"{len(bare):02X}{'91' if digits.startswith('+') else '81'}{semi_octets(bare)}"


def name(letters: str) -> str:
    octets = packed(encode_septets(letters))
    return f"{len(octets):02X}D0{octets}"


def gsm(text: str, header: str = "") -> tuple[str, str]:
    """The coding, and the length with header and text."""
    taken = -(-len(header) * 4 // 7)
    septets = encode_septets(text)
    body = packed(septets, taken * 7 - len(header) * 4)
    return "00", f"{taken + len(septets):02X}{header}{body}"


def ucs2(text: str, header: str = "") -> tuple[str, str]:
    body = text.encode("utf-16-be").hex().upper()
    return "08", f"{(len(header) + len(body)) // 2:02X}{header}{body}"


def deliver(sender: str, written: tuple[str, str], *, header: bool = False, at: str = AT) -> str:
    """An SMS-DELIVER from a number, or from a name written by ``name``."""
    coding, body = written
    first = "44" if header else "04"
    who = sender if sender[2:4] == "D0" else number(sender)
    return f"{CENTRE}{first}{who}00{coding}{at}{body}"


def stamp(at: datetime) -> str:
    """A time as the network writes it, in UTC."""
    return "".join(each[::-1] for each in at.strftime("%y %m %d %H %M %S").split()) + "00"


def status_report(reference: int, recipient: str, status: int, at: str = AT) -> str:
    return f"{CENTRE}06{reference:02X}{number(recipient)}{at}{at}{status:02X}"


def submitted(pdu: str) -> tuple[str, int, str, bytes]:
    """The recipient, the first octet, the text and the header of an SMS-SUBMIT."""
    octets = bytes.fromhex(pdu)
    octets = octets[octets[0] :]  # without the service centre
    first, digits, kind = octets[1], octets[3], octets[4]
    end = 5 + (digits + 1) // 2
    swapped = octets[5:end].hex()
    found = "".join(swapped[n + 1] + swapped[n] for n in range(0, len(swapped), 2))
    recipient = ("+" if kind == 0x91 else "") + found.rstrip("f")
    coding, length, body = octets[end + 1], octets[end + 3], octets[end + 4 :]
    header = body[: body[0] + 1] if first & 0x40 else b""
    if coding == 8:
        assert length == len(body)
        return recipient, first, body[len(header) :].decode("utf-16-be"), header
    taken = -(-len(header) * 8 // 7)
    fill = taken * 7 - len(header) * 8
    septets = unpacked(body[len(header) :], length - taken, fill)
    return recipient, first, decode_septets(septets), header
