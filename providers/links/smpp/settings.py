"""What an administrator sets for one SMPP account, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

TRANSCEIVER, TRANSMITTER, RECEIVER, BOTH = "transceiver", "transmitter", "receiver", "both"
GSM7, LATIN1, ASCII, UCS2, DEFAULT = "gsm7", "latin1", "ascii", "ucs2", "default"
UDH8, UDH16, SAR, PAYLOAD = "udh8", "udh16", "sar", "payload"
AUTO, SAME, HEX_DECIMAL, DECIMAL_HEX = "auto", "same", "hex-decimal", "decimal-hex"


@dataclass(frozen=True, slots=True)
class Settings:
    """One account at one SMSC. ``None`` for a TON or NPI: chosen by what the address looks like."""

    host: str
    port: int = 2775
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    mode: str = TRANSCEIVER
    tls: bool = False
    certificate: str = ""  # PEM of the only one to be trusted
    window: int = 10
    enquire_link: float = 30.0
    registered_delivery: int = 1
    source_ton: int | None = None
    source_npi: int | None = None
    destination_ton: int | None = None
    destination_npi: int | None = None
    default_alphabet: str = GSM7
    send_as: str = DEFAULT
    long_messages: str = UDH8
    receipt_ids: str = AUTO
    country_code: str = ""  # of national numbers, without "+"
    service_type: str = ""
    address_range: str = ""
    submit_failed_later: bool = False

    @classmethod
    def of(cls, credentials: Mapping[str, Any]) -> Settings:
        """The settings in a channel's credentials; what is empty there has its default."""
        told: dict[str, Any] = {}
        for each in fields(cls):
            value = credentials.get(each.name)
            if value is None or value == "":
                continue
            whole = each.name.endswith(("_ton", "_npi", "registered_delivery"))
            told[each.name] = int(value) if whole else value
        return cls(**told)
