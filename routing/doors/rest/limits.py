"""How often one key may ask, and the headers that say so."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from .. import allowance
from .callers import Caller
from .problems import Problem

PER_SECOND = 20.0
SECONDS = 5  # so many seconds' worth may come at once


class KeyThrottle(BaseThrottle):
    """Counts by key. Raises a problem that says when to come again."""

    def allow_request(self, request: Request, view: Any) -> bool:
        caller = request.auth
        if isinstance(caller, Caller):
            per_second = _per_second(caller)
            burst = max(1, round(per_second * SECONDS))
            left = allowance.spend(caller.name, per_second, burst)
            view.left = left
            view.burst, view.window = burst, max(1, round(burst / per_second))
            if left.wait:
                after = max(1, round(left.wait + 0.5))
                raise Problem(
                    "too_many_requests", f"At most {per_second:g} requests a second.", after=after
                )
        return True


def _per_second(caller: Caller) -> float:
    own = caller.door.per_second if caller.door else None
    return float(own) if own else PER_SECOND


def headers(view: Any) -> dict[str, str]:
    """RateLimit-Policy and RateLimit, as the IETF's draft has them."""
    left = getattr(view, "left", None)
    if left is None:
        return {}
    return {
        "RateLimit-Policy": f'"key";q={view.burst};w={view.window}',
        "RateLimit": f'"key";r={left.remaining};t={max(0, round(left.reset + 0.5))}',
    }
