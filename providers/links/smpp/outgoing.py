"""A message of ours as the bodies of one or more submit_sm."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache

from ...errors import Rejected
from ...messages import Outbound
from ..parts import Place, header_of
from . import settings as s
from .alphabets import write
from .pdu import MESSAGE_PAYLOAD, SAR_NUMBER, SAR_REFERENCE, SAR_TOTAL, UDHI, Address, Short

MOST_PARTS = 255
MOST_PAYLOAD = 0xFFFF


@lru_cache(maxsize=4096)
def address_of(value: str, ton: int | None, npi: int | None) -> Address:
    """An address as SMPP writes it: digits without "+", a short code, or a name.

    ``ton`` and ``npi`` stand where they are set; else they are chosen by what the value looks like.
    """
    if value.startswith("+") and value[1:].isdigit():
        kind, value = (1, 1), value[1:]
    elif value.isdigit():
        kind = (3, 0) if len(value) <= 8 else (1, 1)
    else:
        kind = (5, 0)
    return Address(kind[0] if ton is None else ton, kind[1] if npi is None else npi, value)


class Writer:
    """Writes messages for one account; counts the references that join their parts."""

    def __init__(self, settings: s.Settings) -> None:
        self._settings = settings
        self._reference = random.randrange(0x10000)  # noqa: S311

    def bodies(self, message: Outbound) -> list[bytes]:
        """The bodies of the submit_sm that carry a message. Raises Rejected if too many."""
        settings = self._settings
        source = address_of(message.sender, settings.source_ton, settings.source_npi)
        to = address_of(message.recipient, settings.destination_ton, settings.destination_npi)
        common = (settings.registered_delivery, settings.service_type)
        alphabet, whole = write(message.text, settings)
        if len(whole) <= alphabet.alone:
            return [Short(source, to, whole, alphabet.coding, 0, *common).packed()]
        if settings.long_messages == s.PAYLOAD:
            if len(whole) > MOST_PAYLOAD:
                raise Rejected("SMPP: the text is too long for one message.", code="send_fail")
            carried = {MESSAGE_PAYLOAD: whole}
            return [Short(source, to, b"", alphabet.coding, 0, *common, carried).packed()]
        room = alphabet.joined - (alphabet.wide if settings.long_messages == s.UDH16 else 0)
        pieces = alphabet.pieces(whole, room)
        if len(pieces) > MOST_PARTS:
            raise Rejected(f"SMPP: the text takes {len(pieces)} parts; {MOST_PARTS} are possible.")
        return [
            Short(source, to, head + piece, alphabet.coding, flags, *common, tlvs).packed()
            for piece, (flags, head, tlvs) in zip(pieces, self._joints(len(pieces)), strict=True)
        ]

    def _joints(self, total: int) -> Iterator[tuple[int, bytes, dict[int, bytes]]]:
        """For each part what joins it to the others: esm_class, header, parameters."""
        self._reference = (self._reference + 1) & 0xFFFF
        for number in range(1, total + 1):
            if self._settings.long_messages == s.SAR:
                sizes = {SAR_TOTAL: bytes((total,)), SAR_NUMBER: bytes((number,))}
                yield 0, b"", {SAR_REFERENCE: self._reference.to_bytes(2, "big"), **sizes}
            else:
                place = Place(self._reference, total, number)
                yield UDHI, header_of(place, wide=self._settings.long_messages == s.UDH16), {}
