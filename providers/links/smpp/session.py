"""The long-lived session of one SMPP account: one bind or two, held until cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from ...errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable, Uncertain
from ...messages import SENT, Outbound, Report
from ..base import Station
from . import dialling
from . import settings as s
from .connection import Connection
from .outgoing import Writer
from .pdu import first_text
from .receipts import Ids
from .receiving import Receiver
from .statuses import OK, WRONG_BIND_STATE, error_of
from .waiting import Result

log = logging.getLogger(__name__)

STOOD_SECONDS = 60.0  # a session that stood so long begins anew with quick attempts
SLOWEST = 60.0  # seconds; the longest pause after an SMSC asked for one
PARTS_SECONDS = 45.0  # for the remaining parts, once a part of a long message was taken


class SmppLink:
    """``run`` holds the session, ``send`` submits through it; see ``providers/links/base.py``."""

    def __init__(self, settings: s.Settings) -> None:
        self.settings = settings
        self._writer = Writer(settings)
        self._ids = Ids(settings.receipt_ids)
        both = (s.TRANSMITTER, s.RECEIVER)
        self._modes = both if settings.mode == s.BOTH else (settings.mode,)
        self._up: dict[str, Connection] = {}
        self._reasons: dict[str, str] = {}
        self._stands = asyncio.Event()  # somebody can submit
        self._slow, self._slow_until = 0.0, 0.0
        self._late: set[asyncio.Task[None]] = set()

    # holding the session

    async def run(self, station: Station) -> None:
        """Hold the session until cancelled; a wrong password is tried again, too, but slowly."""
        self._station = station
        self._receiver = Receiver(
            station,
            self._ids,
            self.settings.default_alphabet,
            self._in_flight,
            self.settings.country_code,
        )
        receiving = asyncio.create_task(self._receiver.run())
        try:
            async with asyncio.TaskGroup() as binds:
                for mode in self._modes:
                    binds.create_task(self._hold(mode))
                binds.create_task(_watch(receiving))  # without it nothing would be answered
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    async def _hold(self, mode: str) -> None:
        """Keep one bind up: connect, wait for its end, pause, again."""
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                connection, peer = await self._bind(mode)
                try:
                    await self._bound(mode, connection, peer)
                    reason = f"SMPP: {await asyncio.shield(connection.lost)}."
                finally:
                    self._forget(mode)
                    await connection.leave()
                error: ProviderError = Unavailable(reason)
            except ProviderError as failure:
                error = failure
            if loop.time() - began > STOOD_SECONDS:
                attempt = 0
            self._reasons[mode] = error.reason
            self._station.log("in", error.reason)
            # A session that is back at once is no fault worth showing.
            await self._station.disconnected(error.reason, fault=attempt > 0 or not _lost(error))
            await asyncio.sleep(dialling.pause(error, attempt))
            attempt += 1

    async def _bind(self, mode: str) -> tuple[Connection, str]:
        where = f"{self.settings.host}:{self.settings.port}"
        self._station.log("out", f"bind_{mode} as {self.settings.system_id} to {where}")
        allow = self._station.allow_private
        return await dialling.bind(self.settings, mode, self._connection, allow_private=allow)

    def _connection(self) -> Connection:
        return Connection(
            self.settings.window,
            self.settings.enquire_link,
            self._receiver.take,
            self._answered_late,
            self._station.log,
        )

    async def _bound(self, mode: str, connection: Connection, peer: str) -> None:
        self._up[mode] = connection
        self._station.log("in", f"bound as {mode} to {peer or 'an SMSC without a name'}")
        if mode != s.RECEIVER:
            self._stands.set()
        if len(self._up) == len(self._modes):
            await self._station.connected(self._details(peer))

    def _forget(self, mode: str) -> None:
        self._up.pop(mode, None)
        if mode != s.RECEIVER:
            self._stands.clear()

    def _details(self, peer: str) -> Mapping[str, Any]:
        where = f"{self.settings.host}:{self.settings.port}"
        return {
            "SMSC": f"{peer} ({where})" if peer else where,
            "bind": self.settings.mode,
            "encrypted": "yes" if self.settings.tls else "no",
            "window": self.settings.window,
        }

    def _in_flight(self) -> bool:
        return any(connection.in_flight for connection in self._up.values())

    # sending

    async def send(self, message: Outbound) -> str | list[str]:
        """Submit a message; the SMSC's id, or the ids of its parts."""
        if self.settings.mode == s.RECEIVER:
            raise Rejected("SMPP: this channel is bound as a receiver, which cannot send.")
        loop = asyncio.get_running_loop()
        if (wait := self._slow_until - loop.time()) > 0:
            raise Throttled("SMPP: the SMSC asked us to send more slowly.", after=wait)
        connection = self._sender()
        bodies = self._writer.bodies(message)
        if len(bodies) > 1:
            return await self._send_parts(connection, bodies, message)
        return self._judge(connection, await connection.submit(bodies[0], message.reference))

    def _sender(self) -> Connection:
        """The connection that can submit. Raises Unavailable."""
        mode = s.TRANSMITTER if self.settings.mode == s.BOTH else self.settings.mode
        connection = self._up.get(mode)
        if connection is None or not connection.usable:
            reason = self._reasons.get(mode) or "SMPP: the session is not up yet."
            raise Unavailable(reason)
        return connection

    def _judge(self, connection: Connection, result: Result) -> str:
        """The message's id. Raises what the SMSC's status stands for."""
        status, body = result
        if status == OK:
            self._slow = 0.0
            return self._ids.sent(first_text(body)) if body else ""
        error = error_of(status, submit_failed_later=self.settings.submit_failed_later)
        if isinstance(error, Throttled):
            now = asyncio.get_running_loop().time()
            if now >= self._slow_until:  # of many answers within one pause the first counts
                self._slow = min(SLOWEST, self._slow * 2 or 1.0)
                self._slow_until = now + self._slow
            error.after = self._slow_until - now
        if status == WRONG_BIND_STATE:
            connection.close("the SMSC has forgotten the bind")
        raise error

    async def _send_parts(
        self, connection: Connection, bodies: list[bytes], message: Outbound
    ) -> list[str]:
        """Submit all parts. Once one was taken, the others follow it, or the outcome is unknown."""
        answers = [connection.submit(body) for body in bodies]
        gathered = await asyncio.gather(
            *(self._part(connection, answer) for answer in answers), return_exceptions=True
        )
        results: list[str | ProviderError] = []
        for each in gathered:
            if isinstance(each, BaseException) and not isinstance(each, ProviderError):
                raise each
            results.append(each)
        failed = [each for each in results if isinstance(each, ProviderError)]
        taken = len(results) - len(failed)
        if failed and not taken and not any(isinstance(each, Uncertain) for each in failed):
            raise failed[0]
        for place, found in enumerate(results):
            if isinstance(found, Throttled | Unavailable):
                results[place] = await self._once_more(bodies[place], taken, len(bodies))
        return self._whole(results)

    @staticmethod
    def _whole(results: list[str | ProviderError]) -> list[str]:
        """The ids of all parts. Raises what the worst of the parts stands for."""
        ids = [each for each in results if isinstance(each, str)]
        failed = [each for each in results if isinstance(each, ProviderError)]
        for error in failed:
            if isinstance(error, Rejected | BadCredentials):
                said = f"{error.reason} {len(ids)} of {len(results)} parts were taken."
                raise Rejected(said, code=error.code)
        if failed:
            raise failed[0]
        return [each for each in ids if each]

    async def _part(self, connection: Connection, answer: asyncio.Future[Result]) -> str:
        return self._judge(connection, await answer)

    async def _once_more(self, body: bytes, taken: int, parts: int) -> str | ProviderError:
        """Submit a part whose neighbours the SMSC has, until it takes it; else the error."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PARTS_SECONDS
        error: ProviderError = Unavailable("SMPP: the session is not up.")
        while loop.time() < until:
            await asyncio.sleep(max(0.05, min(until, self._slow_until) - loop.time()))
            try:
                async with asyncio.timeout_at(until):
                    await self._stands.wait()
                    connection = self._sender()
                    return self._judge(connection, await connection.submit(body))
            except (Throttled, Unavailable) as failure:
                error = failure
            except ProviderError as failure:
                return failure
            except TimeoutError:
                break
        return Uncertain(f"{error.reason} The SMSC has {taken} of {parts} parts.")

    def _answered_late(self, reference: str, result: Result) -> None:
        """The answer for a message that was given up: the desk hears that it was sent after all."""
        status, body = result
        if status != OK:
            return
        report = Report(SENT, self._ids.sent(first_text(body)), reference)
        task = asyncio.create_task(self._station.deliver([report]))
        self._late.add(task)
        task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[None]) -> None:
        self._late.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("A late answer of the SMSC is not kept: %s", error)


async def _watch(task: asyncio.Task[None]) -> None:
    """Raises what the task raises; leaves it alone when cancelled."""
    await asyncio.shield(task)


def _lost(error: ProviderError) -> bool:
    """Whether this is the end of a session, or an attempt that was never answered."""
    return isinstance(error, Unavailable)
