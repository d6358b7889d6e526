"""The link of a mail channel: watches the mailbox, and sends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TypeVar

from ...errors import ProviderError, Unavailable
from ...messages import Event, Inbound, Outbound
from ..base import Station
from ..pacing import backoff
from . import doors, post, writing
from .mailbox import BROKEN, Cursor, Mailbox
from .reading import Mail, understand
from .settings import Settings

R = TypeVar("R")

LONGEST = 300.0  # seconds between two tries to connect
AUTOMATIC = 5  # automatic answers of one sender that are taken within an hour
HOUR = 3600.0


class MailLink:
    """``providers.links.base.Link``. The mailbox has a thread of its own; so has each sending."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._station: Station | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._automatic: dict[str, deque[float]] = {}
        self._post_fault = ""

    async def run(self, station: Station) -> None:
        self._station = station
        failures = 0
        while True:
            began = monotonic()
            try:
                await self._session(station)
            except Unavailable as error:
                await station.disconnected(error.reason)
            except BROKEN as error:
                await station.disconnected(doors.words(self._settings.imap, error))
            failures = 0 if monotonic() - began > LONGEST else failures + 1
            await asyncio.sleep(backoff(failures, LONGEST))

    async def _session(self, station: Station) -> None:
        """One connection to the mailbox, until it breaks or is cancelled."""
        box = Mailbox(self._settings.imap, self._settings.folder)
        self._thread = ThreadPoolExecutor(1, "mailbox")
        try:
            await self._in_thread(lambda: box.open(allow_private=station.allow_private))
            station.log("in", f"logged in to {self._settings.imap.host}, {box.count} mails")
            cursor = Cursor.of(await station.cursor())
            if cursor is None:  # a mailbox's history is not what customers write now
                cursor = Cursor(box.validity, box.next_uid - 1)
                await station.keep_cursor(str(cursor))
            await self._check_post(station, box)
            while True:
                for uid in await self._in_thread(box.new, cursor):
                    await self._take(station, box, uid)
                    cursor = Cursor(box.validity, uid)
                    await station.keep_cursor(str(cursor))
                if cursor.validity != box.validity:
                    cursor = Cursor(box.validity, box.next_uid - 1)
                    await station.keep_cursor(str(cursor))
                if self._post_fault:
                    await self._check_post(station, box)
                await self._in_thread(box.wait)
        finally:
            box.interrupt()
            self._thread.shutdown(wait=False)

    async def _in_thread(self, function: Callable[..., R], *args: object) -> R:
        assert self._thread is not None
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    async def _check_post(self, station: Station, box: Mailbox) -> None:
        """Mail is received even while none can be sent; the channel says so."""
        try:
            settings, allow = self._settings, station.allow_private
            await asyncio.to_thread(post.check, settings, allow_private=allow)
            self._post_fault = ""
            await station.connected({"mailbox": self._settings.folder, "mails": box.count})
        except ProviderError as error:
            self._post_fault = error.reason
            await station.disconnected(error.reason)

    # receiving

    async def _take(self, station: Station, box: Mailbox, uid: int) -> None:
        raw, whole = await self._in_thread(box.fetch, uid)
        if not raw:
            return
        name = f"uid:{box.validity}:{uid}"
        mail = await asyncio.to_thread(understand, raw, name, self._settings.address)
        station.log("in", _line(mail, uid))
        events: list[Event] = list(mail.reports)
        if mail.message is not None and self._may(station, mail):
            events.append(await self._placed(station, mail, whole))
        await station.deliver(events)

    async def _placed(self, station: Station, mail: Mail, whole: bool) -> Inbound:
        """The message, in the session of the customer whose conversation it goes on with."""
        message = mail.message
        assert message is not None
        text = message.text
        if not whole:
            text += "\n\n(This mail is too large. The whole of it is in the mailbox.)"
        customer = await station.written_to(mail.answers) if mail.answers else ""
        if customer and customer != message.sender:
            text = f"(From {message.sender})\n{text}"  # the answer goes to the customer, not there
        return replace(message, sender=customer or message.sender, text=text.strip())

    def _may(self, station: Station, mail: Mail) -> bool:
        """Two programs that answer each other must not go on for ever."""
        assert mail.message is not None
        if not mail.automatic:
            return True
        sender, now = mail.message.sender, monotonic()
        times = self._automatic.setdefault(sender, deque(maxlen=AUTOMATIC))
        if len(times) == AUTOMATIC and times[0] > now - HOUR:
            station.log("in", f"{sender}: too many automatic answers; left in the mailbox")
            return False
        times.append(now)
        return True

    # sending

    async def send(self, message: Outbound) -> str:
        station = self._station
        if station is None or self._post_fault:
            raise Unavailable(self._post_fault or "E-mail: there is no session.")
        earlier = await station.earlier(message.reference)
        mail = writing.compose(message, earlier, self._settings)
        settings, allow = self._settings, station.allow_private
        await asyncio.to_thread(post.send, mail, settings, allow_private=allow)
        return writing.own_id(message)


def _line(mail: Mail, uid: int) -> str:
    """What came, for the log."""
    if mail.returned:
        return f"mail {uid}: our own, which came back; left aside"
    if mail.message is None:
        told = ", ".join(f"{each.status} {each.provider_id}" for each in mail.reports)
        return f"mail {uid}: report: {told or 'no news'}"
    kind = "automatic answer" if mail.automatic else "message"
    return f"mail {uid}: {kind} from {mail.message.sender} {mail.message.provider_id}"
