"""The modem's link: holds the session, opens it again after a loss, carries messages both ways."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from math import inf
from typing import Any

from ...errors import Unavailable
from ...messages import Outbound
from ..base import Station
from .at import Modem
from .errors import Lost, NoAnswer, Refused
from .mailbox import Stored
from .receipts import Ledger
from .session import Session
from .settings import Settings
from .visit import Visit

SOON = 5.0  # seconds until a modem without a network is asked again


class ModemLink:
    """``providers.links.base.Link`` for a modem at a serial port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger = Ledger()
        #: Messages that the desk has, but whose places could not be emptied yet.
        self._done: set[Stored] = set()
        self._session: Session | None = None
        self._why = "The modem is not open yet."
        self._turn = asyncio.Lock()
        self._reference = random.randrange(256)  # noqa: S311
        self._work: set[asyncio.Task[list[str]]] = set()

    async def run(self, station: Station) -> None:
        failures = 0
        told = ""
        while True:
            try:
                await self._hold(station)
            except (Lost, NoAnswer, Unavailable) as error:
                said = str(error)
            except Refused as error:
                said = f"The modem: {error}."
            except TimeoutError:
                said = "The SIM did not become ready."
            finally:
                failures = 0 if self._session else failures + 1
                self._session = None
            self._why = said
            if said != told or not failures:
                await station.disconnected(said)
                told = said
            pause = min(self._settings.longest_pause, 0.5 * 2.0**failures)
            await asyncio.sleep(pause * random.uniform(0.7, 1.0))  # noqa: S311

    async def _hold(self, station: Station) -> None:
        """One session, from opening the port to its loss."""
        heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        modem = Modem(lambda line, pdu: heard.put_nowait((line, pdu)))
        try:
            await modem.open(self._settings.device, self._settings.speed)
            session = Session(modem, self._settings, station.log)
            await session.start()
            visit = Visit(session, station, self._settings, self._ledger, self._done)
            look = 0.0
            while True:
                now = asyncio.get_running_loop().time()
                if now >= look:
                    self._why, shown = await session.details()
                    self._session = None if self._why else session
                    if self._why:
                        await station.disconnected(self._why)
                    else:
                        await station.connected(shown)
                    # A modem that has no network yet is asked again soon.
                    look = now + min(self._settings.look, SOON if self._why else inf)
                    await visit.collect()
                await self._listen(modem, heard, visit, look - now)
        finally:
            await modem.close()

    @staticmethod
    async def _listen(
        modem: Modem, heard: asyncio.Queue[tuple[str, str]], visit: Visit, seconds: float
    ) -> None:
        """Wait for one unasked line and do what it calls for. Raises Lost when the port is gone."""
        getting = asyncio.ensure_future(heard.get())
        waiting: set[asyncio.Future[Any]] = {getting, modem.broken}
        await asyncio.wait(waiting, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            await visit.hear(*getting.result())
            return
        getting.cancel()
        if modem.broken.done():
            raise Lost(modem.broken.result())

    async def send(self, message: Outbound) -> list[str]:
        """Send one message. Raises Unavailable while there is no session or no network."""
        began: list[bool] = []
        task = asyncio.ensure_future(self._send(message, began))
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        try:
            # A modem in the middle of a message must not be left there: who gives up leaves alone.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not began:
                task.cancel()
            raise

    async def _send(self, message: Outbound, began: list[bool]) -> list[str]:
        found: list[str] = []

        def sent(reference: int) -> None:
            now = datetime.now(UTC)
            found.append(self._ledger.enter(message.recipient, reference, now))

        async with self._turn:
            if self._session is None:
                raise Unavailable(self._why)
            began.append(True)
            self._reference = (self._reference + 1) % 256
            await self._session.send(message.recipient, message.text, self._reference, sent)
        return found
