"""What the links process asks of a long-lived session, and what the session may ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..messages import Event, Outbound


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that came before, in the same session: of theirs or of ours."""

    provider_id: str
    text: str
    ours: bool


class Station(Protocol):
    """The desk, as a link sees it."""

    #: Whether the peer may stand inside a private network (ALLOW_PRIVATE_ADDRESSES).
    allow_private: bool

    async def deliver(self, events: Sequence[Event]) -> None:
        """Store what came; returns after the commit. Acknowledge to the peer only then.

        Raises if it cannot be stored: then the peer must be told to bring it again.
        """

    async def connected(self, details: Mapping[str, Any] | None = None) -> None:
        """The session stands: the channel turns green. ``details`` are shown beside it."""

    async def disconnected(self, reason: str, *, fault: bool = True) -> None:
        """The session does not stand; with ``fault`` the channel turns red with this reason."""

    def log(self, direction: str, said: str) -> None:
        """Add a line to the log of exchanges, secrets cut out; ``direction`` is "in" or "out"."""

    async def cursor(self) -> str:
        """Where to go on in what the peer keeps, as ``keep_cursor`` was told; "" at first."""

    async def keep_cursor(self, cursor: str) -> None:
        """Remember where to go on, once what lies before it is delivered."""

    async def earlier(self, reference: str) -> Sequence[Earlier]:
        """What was said before the message with this reference, the newest first."""

    async def written_to(self, ids: Sequence[str]) -> str:
        """The customer to whom a message with one of these ids was sent; "" if none was."""


class Link(Protocol):
    """One channel's session. Connecting again after a loss, with backoff, is its own affair."""

    async def run(self, station: Station) -> None:
        """Hold the session until cancelled. Raises only what no waiting mends (BadCredentials)."""

    async def send(self, message: Outbound) -> str | list[str]:
        """Send one message; return the provider's id or ids, as ``Provider.send`` does.

        May be called many times at once: the window is the link's affair. Raises the errors of
        ``errors.py``: Unavailable while there is no session, Uncertain if the session broke after
        the message had left.
        """
