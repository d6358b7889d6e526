"""The one way out to the network: carries Calls by requests, or by aiohttp in the pump.

Both carriers keep the same promises: a time-out for the whole exchange, a limit on the answer's
size, no redirects, no proxies from the environment, no private addresses (unless allowed), and one
of the errors of ``errors.py`` for whatever goes wrong. Their main duty is to tell "never
connected" (Unavailable: tried again) from "no answer" (Uncertain: never repeated).
"""

from __future__ import annotations

from .addresses import ForbiddenAddress, check_address, check_url
from .blocking import Carrier
from .certificates import context_with
from .exchange import LOGGED_CHARS, redact
from .pump import AsyncCarrier

__all__ = [
    "LOGGED_CHARS",
    "AsyncCarrier",
    "Carrier",
    "ForbiddenAddress",
    "check_address",
    "check_url",
    "context_with",
    "redact",
]
