"""One attempt to send one message: whatever happens becomes an Outcome. No database here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from providers import errors
from providers.base import Outbound, Provider
from providers.http import AsyncCarrier

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
    #: The provider as such does not work, or wants us slower: concerns the whole channel.
    channel_fault: bool = False
    throttled: bool = False
    unavailable: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)


async def attempt(
    carrier: AsyncCarrier, adapter: Provider, message: Outbound, outcome: Outcome
) -> Outcome:
    """Send the message once and fill in the outcome. Never raises, unless it is cancelled."""
    try:
        given = await carrier.run(adapter.send(message), outcome.calls, ATTEMPT_SECONDS)
    except errors.Throttled as error:
        outcome.status, outcome.reason = Message.QUEUED, error.reason
        outcome.throttled, outcome.after = True, error.after
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
        log.exception("%s: sending message %s failed", adapter.name, outcome.message)
        outcome.status = Message.UNKNOWN if outcome.calls else Message.FAILED
        outcome.reason = f"Parley's {adapter.name} adapter made a mistake: {error}"
    else:
        outcome.provider_ids = [str(each) for each in given] if isinstance(given, list) else []
        if isinstance(given, str) and given:
            outcome.provider_ids = [given]
    return outcome
