"""One session with a modem that answers: made ready, asked how it is, sending and receiving."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ...errors import BadCredentials, ProviderError, Rejected, Uncertain
from .at import Modem
from .errors import CME, WRONG_PIN, NoAnswer, Refused
from .mailbox import Stored
from .pdu import submits
from .settings import INDICATIONS, REFUSED_PINS, Settings

REGISTERED = {1: "home network", 5: "roaming"}
UNREGISTERED = {
    0: "the modem is not registered, and not searching",
    2: "the modem is searching for its network",
    3: "the network refuses this SIM",
    4: "the network is not known",
}
LEVELS = ((1, "none"), (9, "weak"), (14, "fair"), (19, "good"), (31, "strong"))
PIN_SECONDS = 15.0  # that it takes to judge one
SIM_SECONDS = 20.0  # that a SIM takes to be ready once its PIN is entered


class Session:
    """An open modem. ``log`` gets what is said about messages."""

    def __init__(self, modem: Modem, settings: Settings, log: Callable[[str, str], None]) -> None:
        self._modem, self._settings, self._log = modem, settings, log
        self._model = ""
        self._storage = settings.storage
        self.acknowledges = False  # whether messages handed over at once want AT+CNMA

    async def start(self) -> None:
        """Make the modem ready. Raises BadCredentials for a PIN that it does not take."""
        modem = self._modem
        await modem.wake()
        await self._try("ATE0")
        await self._try("AT+CMEE=1")
        self._model = " ".join((await self._try("AT+CGMI"))[:1] + (await self._try("AT+CGMM"))[:1])
        await self._unlock()
        await modem.ask("AT+CMGF=0")
        if self._settings.service_centre:
            await modem.ask(f'AT+CSCA="{self._settings.service_centre}"')
        await self._use_storage()
        await self._subscribe()

    async def _try(self, command: str, prefix: str = "", seconds: float = 0.0) -> list[str]:
        """Ask what not every modem knows; [] if this one does not."""
        try:
            return await self._modem.ask(command, prefix, seconds)
        except Refused:
            return []

    # the SIM

    async def _unlock(self) -> None:
        state = await self._sim()
        if state == "SIM PIN":
            await self._enter_pin()
            async with asyncio.timeout(SIM_SECONDS):
                while (state := await self._sim(patient=True)) != "READY":
                    await asyncio.sleep(0.5)
        elif state != "READY":
            raise BadCredentials(f"The SIM wants {state}, which Parley cannot give it.")

    async def _sim(self, *, patient: bool = False) -> str:
        """The SIM's state: "READY", "SIM PIN", "SIM PUK"... Raises Refused if there is no SIM."""
        try:
            lines = await self._modem.ask("AT+CPIN?", "+CPIN:")
        except Refused:
            if patient:
                return ""
            raise
        return _value(lines, "+CPIN:").strip('"')

    async def _enter_pin(self) -> None:
        settings = self._settings
        if not settings.pin:
            raise BadCredentials("The SIM wants its PIN. Enter it in the channel's fields.")
        if not re.fullmatch(r"\d{4,8}", settings.pin):
            raise BadCredentials("The PIN must be 4 to 8 digits. It was not tried.")
        if (settings.device, settings.pin) in REFUSED_PINS:
            raise BadCredentials(
                "The PIN is wrong. It is not tried again: three times block a SIM."
            )
        left = _value(await self._try('AT+CPINR="SIM PIN"', "+CPINR:"), "+CPINR:").split(",")
        if len(left) > 1 and left[1].strip() in ("0", "1"):
            raise BadCredentials("One more wrong PIN blocks the SIM. Unlock it in a phone first.")
        try:
            await self._modem.ask(f'AT+CPIN="{settings.pin}"', seconds=PIN_SECONDS)
        except Refused as error:
            REFUSED_PINS.add((settings.device, settings.pin))
            if (error.kind, error.code) in ((CME, WRONG_PIN), ("", -1)):
                raise BadCredentials("The PIN is wrong.") from None
            raise error.as_error() from None

    # how it tells of messages

    async def _use_storage(self) -> None:
        place = self._storage
        for command in (f'AT+CPMS="{place}","{place}","{place}"', f'AT+CPMS="{place}"'):
            try:
                await self._modem.ask(command)
                return
            except Refused as error:
                said = error
        raise said

    async def _subscribe(self) -> None:
        wanted = (self._settings.indications,) if self._settings.indications else INDICATIONS
        for each in wanted:
            try:
                await self._modem.ask(f"AT+CNMI={each}")
                break
            except Refused:
                continue
        else:
            self._log("in", "The modem tells of nothing by itself; it is asked every now and then.")
            return
        if each.split(",")[1:2] in (["2"], ["3"]):
            try:  # else the modem itself says that we have what it hands over
                await self._modem.ask("AT+CSMS=1")
                self.acknowledges = True
            except Refused:
                self.acknowledges = False

    # how it is

    async def details(self) -> tuple[str, dict[str, Any]]:
        """Why nothing can be sent now ("" if it can), and what is shown beside the channel."""
        sim = await self._sim()
        if sim != "READY":
            return f"The SIM wants {sim}.", {"SIM": sim}
        shown: dict[str, Any] = {"SIM": "ready"}
        if self._model:
            shown["Modem"] = self._model
        shown["Signal"] = signal_of(_value(await self._try("AT+CSQ", "+CSQ:"), "+CSQ:"))
        state = await self._registration()
        operator = _value(await self._try("AT+COPS?", "+COPS:", 20.0), "+COPS:").split('"')
        if len(operator) > 1:
            shown["Operator"] = operator[1]
        shown["Network"] = REGISTERED.get(state) or UNREGISTERED.get(state, "unknown")
        used = re.findall(r"\d+", _value(await self._try("AT+CPMS?", "+CPMS:"), "+CPMS:"))
        if len(used) > 1:
            shown["Stored"] = f"{used[0]} of {used[1]} places"
        if state in REGISTERED:
            return "", shown
        return f"No network: {UNREGISTERED.get(state, 'its state is not known')}.", shown

    async def _registration(self) -> int:
        """The state of the network registration; with LTE only, that of packets counts."""
        state = 4
        for name in ("CREG", "CEREG"):
            words = _value(await self._try(f"AT+{name}?", f"+{name}:"), f"+{name}:").split(",")
            found = words[1] if len(words) > 1 else words[0]
            if found.strip().isdigit():
                state = int(found)
                if state in REGISTERED:
                    break
        return state

    # messages

    async def send(
        self, recipient: str, text: str, reference: int, sent: Callable[[int], None]
    ) -> None:
        """Send a text; ``sent`` gets the message reference of each part. Raises our errors."""
        parts = submits(recipient, text, reference, reports=self._settings.reports)
        if len(parts) > 1:
            await self._try("AT+CMMS=1")  # keep the way open for the next part
        for number, (length, pdu) in enumerate(parts, 1):
            self._log("out", f"AT+CMGS={length}: {pdu}")
            try:
                await self._submit(length, pdu, sent)
            except ProviderError as error:
                self._log("in", error.reason)
                if number == 1 or isinstance(error, Uncertain):
                    raise
                said = f"{error.reason} Of {len(parts)} parts, {number - 1} had left already."
                raise Rejected(said, code=error.code) from None

    async def _submit(self, length: int, pdu: str, sent: Callable[[int], None]) -> None:
        def took(reference: int) -> None:
            self._log("in", f"+CMGS: {reference}")
            sent(reference)

        try:
            await self._modem.submit(length, pdu, took)
        except Refused as error:
            raise error.as_error() from None

    async def stored(self) -> list[Stored]:
        """All that is stored and was received. Raises Refused."""
        lines = await self._modem.ask("AT+CMGL=4", "+CMGL:", 30.0)
        found = []
        for first, pdu in pairwise(lines):
            head = re.match(r"\+CMGL: *(\d+), *(\d+)", first)
            if head and head.group(2) in ("0", "1") and not pdu.startswith("+CMGL:"):
                found.append(Stored(pdu, int(head.group(1))))
        return found

    async def report_at(self, place: int) -> Stored | None:
        """A status report in the memory of reports, which it then leaves. Raises Refused."""
        await self._modem.ask('AT+CPMS="SR"')
        lines = await self._try(f"AT+CMGR={place}", "+CMGR:")
        await self._try(f"AT+CMGD={place}")
        try:
            await self._use_storage()
        except Refused as error:
            raise NoAnswer(f"The modem does not find its storage again: {error}.") from None
        return Stored(lines[-1]) if len(lines) > 1 else None

    async def follow(self, storage: str) -> None:
        """Read from the storage of which the modem says that a message came there."""
        if storage not in ("", "MT", self._storage):
            self._storage = storage
            await self._use_storage()

    async def delete(self, place: int) -> None:
        """Empty a place. Raises Refused."""
        await self._modem.ask(f"AT+CMGD={place}", seconds=15)

    async def acknowledge(self) -> None:
        """Say that we have what was handed over at once."""
        if self.acknowledges:
            await self._try("AT+CNMA")


def _value(lines: list[str], prefix: str) -> str:
    """What follows the prefix in the first line that has it; "" if none has."""
    for line in lines:
        if line.upper().startswith(prefix):
            return line[len(prefix) :].strip()
    return ""


def signal_of(said: str) -> str:
    """The answer of AT+CSQ in words."""
    number = said.split(",")[0].strip()
    if not number.isdigit() or int(number) > 31:
        return "unknown"
    level = int(number)
    words = next(word for most, word in LEVELS if level <= most)
    return f"{words}, {2 * level - 113} dBm ({level} of 31)"
