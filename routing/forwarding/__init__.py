"""Forwards new messages to third-party platforms, as event 30031, and to doors in their own words;
and every change to webhooks, by way of the feed.

The intake writes a PlatformEvent with the message; here it leaves. An event is a POST, signed with
the platform's secret. It is repeated for a day until the platform answers 2xx, so a platform may
see an event twice; ``X-Event-Id`` is the same each time.

Order: a platform gets one event at a time, oldest first. One that keeps failing steps aside after
a few attempts, so that it does not hold up the others; only its own session goes on waiting.
"""

from .delivering import backoff, deliver, deliver_due
from .feeding import TooOld, number, number_all
from .naming import public_id
from .order import due
from .platform import sign

__all__ = [
    "TooOld",
    "backoff",
    "deliver",
    "deliver_due",
    "due",
    "number",
    "number_all",
    "public_id",
    "sign",
]
