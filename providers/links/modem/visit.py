"""What comes in during one session with a modem, on its way to the desk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from ..base import Station
from .errors import Refused
from .mailbox import Find, Mailbox, Stored
from .receipts import Ledger
from .session import Session
from .settings import Settings

STORE_AGAIN = 5.0  # seconds after which the desk is asked again to store what no SIM keeps


class Visit:
    """Brings what the modem holds to the desk; ``done`` is what the desk has by now."""

    def __init__(
        self,
        session: Session,
        station: Station,
        settings: Settings,
        ledger: Ledger,
        done: set[Stored],
    ) -> None:
        self._session, self._station, self._done = session, station, done
        self._mailbox = Mailbox(settings.number, ledger, settings.join)

    async def hear(self, line: str, pdu: str) -> None:
        """Do what an unasked line calls for; most call for nothing."""
        kind, _, rest = line.partition(":")
        kind = kind.upper()
        if kind == "+CMTI":
            with contextlib.suppress(Refused):
                await self._session.follow(rest.split(",")[0].strip(' "'))
            await self.collect()
        elif kind == "+CDSI":
            with contextlib.suppress(Refused, ValueError):
                if found := await self._session.report_at(int(rest.split(",")[-1])):
                    await self._take([self._mailbox.open(found)], insist=True)
        elif kind in ("+CMT", "+CDS"):
            self._station.log("in", f"{kind}: {pdu}")
            await self._take([self._mailbox.open(Stored(pdu))], insist=True)
            await self._session.acknowledge()

    async def collect(self) -> None:
        """Bring all that is stored to the desk, and empty its places then."""
        try:
            listed = await self._session.stored()
        except Refused as error:
            self._station.log("in", f"AT+CMGL=4: {error}")
            return
        self._done &= set(listed)
        fresh = [each for each in listed if each not in self._done]
        for each in list(self._done):
            await self._empty(each)
        await self._take(self._mailbox.look(fresh))

    async def _take(self, finds: Sequence[Find | None], *, insist: bool = False) -> None:
        """Give to the desk, then empty the places. ``insist``: nothing else keeps it."""
        for find in finds:
            if find is None:
                continue
            while not await self._delivered(find):
                if not insist:
                    return  # it stays where it is, and is found at the next look
                await asyncio.sleep(STORE_AGAIN)
            stored = [each for each in find.stored if each.place >= 0]
            self._done.update(stored)
            for each in stored:
                await self._empty(each)

    async def _delivered(self, find: Find) -> bool:
        """Whether the desk has stored it now."""
        try:
            await self._station.deliver(find.events)
        except Exception as error:
            self._station.log("in", f"The desk cannot store it yet: {error}")
            self._mailbox.forget(find)
            return False
        self._mailbox.forget(find)
        return True

    async def _empty(self, stored: Stored) -> None:
        """Empty a place; if that is refused, it is tried at the next look."""
        with contextlib.suppress(Refused):
            await self._session.delete(stored.place)
            self._done.discard(stored)
