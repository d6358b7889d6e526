"""The other way to a modem: gammu's daemon, run as a program of its own, never as a part of us.

It is told by a configuration file and spoken to by files: what is written into ``out`` is sent and
moves to ``sent`` or ``error``; what comes in lies in ``inbox`` until the desk has it.
"""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ...errors import BadCredentials, ProviderError, Rejected, Unavailable, Uncertain
from ...messages import Outbound
from ..base import Station
from . import daemon as daemons
from .errors import CMS, Refused
from .receipts import Ledger
from .settings import REFUSED_PINS, Settings
from .smsbackup import events_of

SETTLED = 1.0  # seconds without a change after which a file in the inbox is whole
POLL = 0.25  # seconds between two looks at the folders
SEND_SECONDS = 90.0
LAST_SECONDS = 3.0  # for the log to say the last part's reference
LONGEST_SLEEP = 35.0  # seconds within which the daemon tries again to open its modem
TRANSMITTED = re.compile(r"Transmitted (\S+) \(.*message reference (0x[0-9a-f]+|-?\d+)")
STATUS = re.compile(r"SMS sent on device: .* status=(-?\d+), ")
BEGUN = re.compile(r"New message to send: (\S+)")
TROUBLE = re.compile(r"(Error .*|.*[Ii]ncorrect PIN.*|.*SECURITYERROR.*)")
WRONG_PIN = re.compile(r"incorrect PIN|SECURITYERROR|wrong PIN", re.IGNORECASE)


@dataclass
class _Sending:
    recipient: str
    ids: list[str] = field(default_factory=list)
    begun: bool = False
    failed: ProviderError | None = None
    whole: asyncio.Event = field(default_factory=asyncio.Event)


class GammuLink:
    """``providers.links.base.Link`` for a modem or phone that gammu's daemon serves."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(settings.gammu_folder or f"/var/lib/parley/gammu/{settings.number[1:]}")
        self._ledger = Ledger()
        self._why = "gammu's daemon is not started yet."
        self._trouble = ""
        self._wrong_pin = False
        self._down_until = 0.0
        self._sending: dict[str, _Sending] = {}
        self._count = 0
        self._turn = asyncio.Lock()

    # the daemon

    async def run(self, station: Station) -> None:
        pin = (self._settings.device, self._settings.pin)
        if pin in REFUSED_PINS:
            raise BadCredentials(
                "The PIN is wrong. It is not tried again: three times block a SIM."
            )
        await asyncio.to_thread(daemons.prepare, self._folder, self._settings)
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._hold(station)
            finally:
                self._why = self._trouble or "gammu's daemon ended."
            if self._wrong_pin:
                REFUSED_PINS.add(pin)
                raise BadCredentials("The PIN is wrong. Correct it before the SIM blocks itself.")
            await station.disconnected(self._why)
            failures = 0 if asyncio.get_running_loop().time() - began > 60 else failures + 1
            pause = min(self._settings.longest_pause, 2.0**failures)
            await asyncio.sleep(pause * random.uniform(0.7, 1.0))  # noqa: S311

    async def _hold(self, station: Station) -> None:
        """One life of the daemon."""
        self._trouble = ""
        daemon = await daemons.start(self._folder)
        tasks = [
            asyncio.create_task(each)
            for each in (self._hear(daemon, station), self._collect(station), self._ask(station))
        ]
        try:
            # The end of its output is the end of the daemon.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await daemons.end(daemon)

    async def _hear(self, daemon: asyncio.subprocess.Process, station: Station) -> None:
        """What the daemon logs: references of what it sent, and its troubles."""
        assert daemon.stderr is not None
        while line := await daemon.stderr.readline():
            said = line.decode("utf-8", "replace").strip().partition("]: ")[2]
            if found := TRANSMITTED.search(said):
                if sending := self._sending.get(found.group(1)):
                    reference = int(found.group(2), 0) & 0xFF
                    now = datetime.now(UTC)
                    sending.ids.append(self._ledger.enter(sending.recipient, reference, now))
                    if "(total:" in said:
                        sending.whole.set()
                station.log("in", said)
            elif (found := BEGUN.search(said)) and found.group(1) in self._sending:
                self._sending[found.group(1)].begun = True
            elif found := STATUS.search(said):
                if code := int(found.group(1)):  # what +CMS ERROR said
                    station.log("in", said)
                    self._fail((Refused(CMS, code) if code > 0 else Refused()).as_error())
            elif TROUBLE.fullmatch(said):
                self._trouble = f"gammu: {said}"
                if said.startswith(("Error sending", "Error getting send status")):
                    kind = Uncertain if "TIMEOUT" in said else Rejected
                    self._fail(kind(self._trouble))
                if "connection" in said:
                    self._down_until = asyncio.get_running_loop().time() + LONGEST_SLEEP
                station.log("in", said)
                if WRONG_PIN.search(said):
                    self._wrong_pin = True
                    return  # each further try would bring the SIM nearer to its end

    def _fail(self, error: ProviderError) -> None:
        """What is being sent was refused: take it away, or the daemon would try for ever."""
        for name, sending in self._sending.items():
            _taken_back(self._folder / "out" / name)
            sending.failed = sending.failed or error

    async def _ask(self, station: Station) -> None:
        """How the modem is, every now and then; until it is there, every second."""
        told = ""
        while True:
            shown = await daemons.figures(self._folder)
            down = asyncio.get_running_loop().time() < self._down_until
            up = (
                shown.get("IMEI") and not down
            )  # the daemon remembers the IMEI of a modem that went
            self._why = "" if up else self._trouble or "gammu finds no modem yet."
            if up:
                self._trouble = ""
                signal = shown.get("NetworkSignal", "0")
                words = "unknown" if signal in ("0", "-1") else f"{signal} percent"
                await station.connected({"Modem": f"gammu, IMEI {shown['IMEI']}", "Signal": words})
            elif self._why != told:
                await station.disconnected(self._why)
            told = self._why
            await asyncio.sleep(self._settings.look if not self._why else 1.0)

    # messages in

    async def _collect(self, station: Station) -> None:
        """Bring what lies in the inbox to the desk, and delete it then."""
        while True:
            for path in await asyncio.to_thread(self._whole_files):
                written = await asyncio.to_thread(path.read_text, "utf-8", "replace")
                try:
                    await station.deliver(events_of(written, self._settings.number, self._ledger))
                except Exception as error:
                    station.log("in", f"The desk cannot store it yet: {error}")
                    await asyncio.sleep(5)
                    break
                station.log("in", f"{path.name} is stored")
                path.unlink()
            await asyncio.sleep(POLL)

    def _whole_files(self) -> list[Path]:
        now = datetime.now(UTC).timestamp()
        found = sorted((self._folder / "inbox").iterdir())
        return [each for each in found if now - each.stat().st_mtime > SETTLED]

    # messages out

    async def send(self, message: Outbound) -> list[str]:
        """Send one message. Raises Unavailable while the daemon has no modem."""
        if not re.fullmatch(r"\+?\d{3,15}", message.recipient, re.ASCII):
            said = f"{message.recipient} is not a phone number."
            raise Rejected(said, code="invalid_phone_number")
        async with self._turn:
            if self._why:
                raise Unavailable(self._why)
            self._count += 1
            flags = "d" if self._settings.reports else ""
            name = f"OUTA{datetime.now(UTC):%Y%m%d_%H%M%S}_00_{message.recipient}_{self._count}"
            return await self._send(f"{name}.txt{flags}", message)

    async def _send(self, name: str, message: Outbound) -> list[str]:
        sending = self._sending[name] = _Sending(message.recipient)
        out = self._folder / "out" / name
        try:
            hidden = self._folder / name  # not yet where the daemon looks
            hidden.write_text(message.text, "utf-8")
            hidden.rename(out)
            async with asyncio.timeout(SEND_SECONDS):
                while not (found := self._outcome(name)):
                    if sending.failed:
                        found = "error"
                        break
                    if self._why and not sending.begun and _taken_back(out):
                        raise Unavailable(self._why)
                    await asyncio.sleep(POLL)
            if found == "error":
                raise self._refused(sending)
            with suppress(TimeoutError):  # the file may have moved before we read of the last part
                async with asyncio.timeout(LAST_SECONDS):
                    await sending.whole.wait()
            return sending.ids
        except TimeoutError:
            if _taken_back(out) and not sending.begun:
                raise Unavailable("gammu did not begin to send it.") from None
            said = f"gammu did not end within {SEND_SECONDS:g} seconds"
            raise Uncertain(f"{said}; the message may have been sent.") from None
        finally:
            _taken_back(out)
            del self._sending[name]

    def _outcome(self, name: str) -> str:
        """The folder into which the daemon moved it; "" if it has not yet."""
        for folder in ("sent", "error"):
            if _taken_back(self._folder / folder / name):
                return folder
        return ""

    def _refused(self, sending: _Sending) -> ProviderError:
        error = sending.failed or Rejected(self._trouble or "gammu: the message was refused.")
        if sending.ids and not isinstance(error, Uncertain):
            left = f"Parts that had left already: {len(sending.ids)}."
            return Rejected(f"{error.reason} {left}", code=error.code)
        return error


def _taken_back(path: Path) -> bool:
    """Delete a file; whether it was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
