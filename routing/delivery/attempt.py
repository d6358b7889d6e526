"""One attempt to send one message: whatever happens becomes an Outcome. No database here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from providers import errors

from ..models import Message

log = logging.getLogger(__name__)

#: The longest an attempt may take, with all its calls. A message that is "sending" for longer
#: than this and a little more was left behind by a worker that died.
ATTEMPT_SECONDS = 100.0


@dataclass(slots=True)
class Outcome:
    """What became of one attempt. ``status`` QUEUED means: nothing was sent, try again."""

    message: int
    channel: int
    session: int
    reference: str
    began_at: datetime
    created_at: datetime
    attempts: int
    status: str = Message.SENT
    reason: str = ""
    provider_ids: list[str] = field(default_factory=list)
    #: Seconds after which the provider wants to be asked again; None: we choose.
    after: float | None = None
    #: Whether this was an attempt at all; not if the message only waits for its turn.
    counts: bool = True
    #: The provider as such does not work, or wants us slower: concerns the whole channel.
    channel_fault: bool = False
    throttled: bool = False
    unavailable: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)


async def attempt(sending: Awaitable[str | list[str]], provider: str, outcome: Outcome) -> Outcome:
    """Send a message once and fill in the outcome. Never raises, unless it is cancelled.

    ``sending`` gives the provider's id or ids; it adds what was said to the outcome's calls.
    """
    try:
        given = await sending
    except errors.Throttled as error:
        outcome.status, outcome.reason = Message.QUEUED, error.reason
        outcome.throttled, outcome.after = not error.recipient, error.after
    except errors.Unavailable as error:
        outcome.status, outcome.reason = Message.QUEUED, error.reason
        outcome.unavailable = True
    except errors.Uncertain as error:
        outcome.status, outcome.reason = Message.UNKNOWN, error.reason
    except errors.BadCredentials as error:
        outcome.status, outcome.reason = Message.FAILED, error.reason
        outcome.channel_fault = True
    except errors.ProviderError as error:
        outcome.status, outcome.reason = Message.FAILED, error.reason
    except Exception as error:
        # A mistake of ours, in an adapter. If a call was made, the message may have gone out.
        log.exception("%s: sending message %s failed", provider, outcome.message)
        outcome.status = Message.UNKNOWN if outcome.calls else Message.FAILED
        outcome.reason = f"Parley's {provider} adapter made a mistake: {error}"
    else:
        outcome.provider_ids = [str(each) for each in given] if isinstance(given, list) else []
        if isinstance(given, str) and given:
            outcome.provider_ids = [given]
    return outcome
