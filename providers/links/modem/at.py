"""AT commands: one at a time, answers told from what the modem says unasked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...errors import Unavailable, Uncertain
from .errors import Lost, NoAnswer, Refused, refusal
from .port import Port, open_port

ESCAPE, CTRL_Z = b"\x1b", b"\x1a"
QUIET = 0.15  # seconds without a byte after which nothing more is on its way
ANSWER_SECONDS, PROMPT_SECONDS, SEND_SECONDS = 8.0, 10.0, 60.0
MOST = 100_000  # bytes without the end of a line: not a modem

#: What modems say unasked. The first group is followed by a line with a PDU.
PUSHED = ("+CMT:", "+CDS:")
UNASKED = re.compile(
    r"\+(CMTI|CDSI|CBM|CREG|CGREG|CEREG|CIEV|CUSD|CLIP|CRING|CCWA|CSSU|CTZV|CTZE|CTZDST|CPIN|CFUN"
    r"|PBREADY|QIND|QUSIM)\b|RING$|NO CARRIER$|SMS READY$|CALL READY$|RDY$|\^\w+|\*\w+:|\+ZUSIMR",
    re.IGNORECASE,
)


@dataclass
class _Asked:
    command: str
    prefix: str
    done: asyncio.Future[list[str]]
    prompt: asyncio.Future[None] | None = None
    lines: list[str] = field(default_factory=list)
    payload: str = ""
    sent: Callable[[int], None] = lambda reference: None

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # taken note of, should nobody wait for it any more


class Modem:
    """A modem at an open port. ``heard`` gets each unasked line, and the PDU that follows it.

    Commands wait for each other. After NoAnswer or Lost nothing more can be asked: open it anew.
    """

    def __init__(self, heard: Callable[[str, str], None]) -> None:
        self._heard = heard
        self._port: Port | None = None
        self._buffer = b""
        self._asked: _Asked | None = None
        self._pushed = ""
        self._turn = asyncio.Lock()
        self._last = 0.0
        #: Why nothing can be asked any more; set once.
        self.broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def open(self, device: str, speed: int) -> None:
        """Raises Lost if the port cannot be opened."""
        self._port = await open_port(device, speed, self._feed, self._break)

    async def close(self) -> None:
        self._break("The session ended.")
        if self._port:
            await self._port.close()

    # talking

    async def wake(self, tries: int = 5) -> None:
        """Get out of whatever the modem was in, until it answers. Raises NoAnswer or Lost."""
        async with self._turn:
            await self._write(ESCAPE + b"\r")
            for _ in range(tries):
                await self._settle()
                try:
                    await self._ask("AT", "", 1.0)
                except (NoAnswer, Refused):
                    continue
                await self._settle()  # an answer to the try before may still come
                return
        raise NoAnswer("The modem does not answer. Is this its right port, and its right speed?")

    async def ask(self, command: str, prefix: str = "", seconds: float = 0.0) -> list[str]:
        """The lines of the answer before OK. ``prefix`` is how they begin, like "+CSQ:".

        Raises Refused; NoAnswer and Lost, after which the modem is broken.
        """
        async with self._turn:
            try:
                return await self._ask(command, prefix, seconds or ANSWER_SECONDS)
            except NoAnswer as error:
                self._break(str(error))
                raise

    async def submit(self, length: int, pdu: str, sent: Callable[[int], None]) -> None:
        """Send a PDU; ``sent`` gets the message reference.

        Raises Refused, Unavailable if nothing has left, Uncertain if nobody knows.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            asked = _Asked(f"AT+CMGS={length}", "+CMGS:", loop.create_future())
            asked.prompt, asked.payload, asked.sent = loop.create_future(), pdu, sent
            left = False
            self._asked = asked
            try:
                await self._write(asked.command.encode() + b"\r")
                either: set[asyncio.Future[Any]] = {asked.prompt, asked.done}
                await asyncio.wait(
                    either, timeout=PROMPT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if asked.done.done():
                    asked.done.result()  # raises what the modem said instead
                if not asked.prompt.done():
                    raise NoAnswer("The modem asks for no text.")
                left = True
                await self._write(pdu.encode() + CTRL_Z)
                await asyncio.wait({asked.done}, timeout=SEND_SECONDS)
                if not asked.done.done():
                    raise NoAnswer(f"The modem did not answer within {SEND_SECONDS:g} seconds.")
                asked.done.result()
            except (NoAnswer, Lost) as error:
                if isinstance(error, NoAnswer):
                    self._break(str(error))
                if left:
                    raise Uncertain(f"{error} The message may have been sent.") from None
                raise Unavailable(str(error)) from None
            finally:
                self._asked = None

    async def _ask(self, command: str, prefix: str, seconds: float) -> list[str]:
        asked = _Asked(command, prefix, asyncio.get_running_loop().create_future())
        self._asked = asked
        try:
            await self._write(command.encode() + b"\r")
            async with asyncio.timeout(seconds):
                return await asked.done
        except TimeoutError:
            raise NoAnswer(f"The modem does not answer {_shown(command)}.") from None
        finally:
            self._asked = None

    async def _write(self, given: bytes) -> None:
        if self._port is None or self.broken.done():
            raise Lost(self.broken.result() if self.broken.done() else "The port is not open.")
        await self._port.write(given)

    async def _settle(self) -> None:
        """Wait until nothing more comes, and throw away the beginning of a line."""
        loop = asyncio.get_running_loop()
        self._last = loop.time()
        for _ in range(20):  # one that never stops talking must not hold us
            await asyncio.sleep(QUIET)
            if loop.time() - self._last >= QUIET:
                break
        self._buffer = b""

    # listening

    def _break(self, said: str) -> None:
        if not self.broken.done():
            self.broken.set_result(said)
        if self._asked:
            self._asked.fail(Lost(said))

    def _feed(self, received: bytes) -> None:
        self._last = asyncio.get_running_loop().time()
        self._buffer += received
        *lines, self._buffer = re.split(rb"[\r\n]+", self._buffer)
        for line in lines:
            if said := line.decode("latin-1").replace("\0", "").strip():
                self._line(said)
        asked = self._asked
        if asked and asked.prompt and self._buffer.strip().startswith(b">"):
            self._buffer = b""
            if not asked.prompt.done():
                asked.prompt.set_result(None)
        if len(self._buffer) > MOST:
            self._buffer = b""

    def _line(self, said: str) -> None:
        asked = self._asked
        if self._pushed:
            first, self._pushed = self._pushed, ""
            self._heard(first, said)
        elif said.startswith(PUSHED) and not (asked and asked.prefix and _has(said, asked)):
            self._pushed = said
        elif UNASKED.match(said) and not (asked and _has(said, asked)):
            self._heard(said, "")
        elif asked and not asked.done.done():
            self._answer(asked, said)

    @staticmethod
    def _answer(asked: _Asked, said: str) -> None:
        if said == "OK":
            if asked.payload:  # before the next line is read, which may be the report
                asked.sent(_reference(asked.lines))
            asked.done.set_result(asked.lines)
        elif error := refusal(said):
            asked.fail(error)
        elif said != asked.command and said.lstrip("> ").rstrip("\x1a") != asked.payload:
            asked.lines.append(said)  # all but the echo


def _has(said: str, asked: _Asked) -> bool:
    return bool(asked.prefix) and said.upper().startswith(asked.prefix.upper())


def _shown(command: str) -> str:
    """The command without what stands in it: a PIN is nobody's business."""
    return command.partition("=")[0]


def _reference(lines: list[str]) -> int:
    """The message reference. A modem that says OK without one has sent it all the same."""
    for line in lines:
        if found := re.match(r"\+CMGS: *(\d+)", line):
            return int(found.group(1))
    return -1
