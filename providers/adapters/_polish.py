"""What Polish gateways have in common: numbers without their country code, and local times."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from ..reading import e164

WARSAW = ZoneInfo("Europe/Warsaw")
_NATIONAL = re.compile(r"[1-9][0-9]{8}")


def polish(number: str) -> str:
    """The number as E.164 with "+"; nine digits without a plus are a Polish number."""
    digits = "".join(number.split()).replace("-", "")
    return "+48" + digits if _NATIONAL.fullmatch(digits) else e164(number)
