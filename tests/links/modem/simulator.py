"""A modem at a pseudo-terminal: answers AT commands as a script of faults tells it to.

It runs in a thread of its own, so that a link that blocks its event loop is found out.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 20


@dataclass
class Modem:
    """The modem with its SIM. Change it while it runs; ``faults`` may be replaced at any time."""

    link: Path  # a symbolic link to the terminal: the device that Parley opens
    sim: str = "READY"  # what AT+CPIN? says; "" for no SIM
    pin: str = "1234"
    tries: int | None = None  # what AT+CPINR says; None: it does not know the command
    registration: int = 1
    signal: int = 20
    echo: bool = True
    obeys_echo: bool = True  # some keep on echoing after ATE0
    split: int = 0  # bytes written at once; 0: all
    chatter: tuple[str, ...] = ()  # said in the middle of every answer
    silent: bool = False  # takes commands, says nothing
    reference: int = 10
    size: int = SIZE
    #: By the beginning of a command: what is said instead of its answer; None: nothing at all.
    faults: dict[str, str | None] = field(default_factory=dict)
    #: Called with a PDU before it is answered; what it returns is said instead, if anything.
    on_submit: Callable[[str], str | None] = lambda pdu: None
    #: What is said after a message was sent.
    after_submit: Callable[[int, str], list[str]] = lambda reference, pdu: []
    stored: dict[int, str] = field(default_factory=dict)
    reports: dict[int, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self._memory = "SM"
        self._master = self._slave = -1
        self._stopping = threading.Event()
        self._writing = threading.RLock()
        self._thread: threading.Thread | None = None

    # plugging

    def plug(self) -> Modem:
        self._stopping.clear()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def unplug(self) -> None:
        self._stopping.set()
        if self._thread:
            self._thread.join(5)
        self.link.unlink(missing_ok=True)
        for each in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(each)

    # what happens to it

    def say(self, *lines: str) -> None:
        """Say something unasked."""
        with self._writing:
            for line in lines:
                self._write(f"\r\n{line}\r\n".encode())

    def store(self, pdu: str, *, tell: bool = True) -> int:
        """A message comes and is stored."""
        place = next(n for n in range(1, self.size + 1) if n not in self.stored)
        self.stored[place] = pdu
        if tell:
            self.say(f'+CMTI: "SM",{place}')
        return place

    # the thread

    def _serve(self) -> None:
        buffer, text_of = b"", ""
        while not self._stopping.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.02)
            if not ready:
                continue
            try:
                buffer += os.read(self._master, 4096)
            except OSError:
                return
            while match := re.search(rb"[\r\x1a\x1b]", buffer):
                said, end = buffer[: match.start()].decode("latin-1"), match.group()
                buffer = buffer[match.end() :]
                if end == b"\x1b":
                    text_of = ""
                elif text_of:
                    self._take(said)
                    text_of = ""
                elif said.strip():
                    text_of = self._command(said.strip())

    def _command(self, command: str) -> str:
        self.commands.append(command)
        if self.silent:
            return ""
        if self.echo:
            self._write(command.encode() + b"\r")
        for begins, answer in list(self.faults.items()):
            if command.startswith(begins):
                if answer is not None:
                    self._answer(*answer.split("\n"))
                return ""
        if command.startswith("AT+CMGS="):
            self._write(b"\r\n> ")
            return command
        self._answer(*self._reply(command))
        return ""

    def _reply(self, command: str) -> Iterator[str]:
        name, _, given = command.partition("=")
        if command == "ATE0":
            self.echo = self.echo and not self.obeys_echo
        elif command == "AT+CPIN?":
            yield f"+CPIN: {self.sim}" if self.sim else "+CME ERROR: 10"
        elif name == "AT+CPIN":
            if given.strip('"') != self.pin:
                yield "+CME ERROR: 16"
                return
            self.sim = "READY"
        elif name == "AT+CPINR":
            yield "ERROR" if self.tries is None else f"+CPINR: SIM PIN,{self.tries},3"
        elif command == "AT+CGMM":
            yield "SIM-1000"
        elif command == "AT+CSQ":
            yield f"+CSQ: {self.signal},99"
        elif command == "AT+CREG?":
            yield f"+CREG: 0,{self.registration}"
        elif command == "AT+COPS?":
            yield '+COPS: 0,0,"Example Mobile",7'
        elif command == "AT+CPMS?":
            yield "+CPMS: " + ",".join([f'"SM",{len(self.stored)},{self.size}'] * 3)
        elif name == "AT+CPMS":
            self._memory = given.split(",")[0].strip('"')
            yield f"+CPMS: {len(self.stored)},{self.size}"
        elif command == "AT+CMGL=4":
            for place, pdu in sorted(self._box().items()):
                yield f"+CMGL: {place},1,,{len(pdu) // 2 - 8}"
                yield pdu
        elif name == "AT+CMGR" and int(given) in self._box():
            yield f"+CMGR: 1,,{len(self._box()[int(given)]) // 2 - 8}"
            yield self._box()[int(given)]
        elif name == "AT+CMGD":
            self._box().pop(int(given), None)
        elif command == "AT+CNMA":
            self.acknowledged += 1
        yield "OK"

    def _box(self) -> dict[int, str]:
        return self.reports if self._memory == "SR" else self.stored

    def _take(self, pdu: str) -> None:
        if self.echo:
            self._write(pdu.encode() + b"\x1a")
        instead = self.on_submit(pdu)
        if instead is not None:
            if instead:
                self._answer(*instead.split("\n"))
            return
        self.sent.append(pdu)
        self.reference = (self.reference + 1) % 256
        self._answer(f"+CMGS: {self.reference}", "OK")
        self.say(*self.after_submit(self.reference, pdu))

    def _answer(self, *lines: str) -> None:
        with self._writing:
            for number, line in enumerate(lines):
                final = line in ("OK", "ERROR") or " ERROR: " in line
                self._write(f"\r\n{line}\r\n".encode())
                # Between the lines of an answer, but never between a line and its PDU.
                has_pdu = line.startswith(("+CMGL", "+CMGR"))
                if number + 1 < len(lines) and not (final or has_pdu):
                    self.say(*self.chatter)
                if final:
                    return

    def _write(self, given: bytes) -> None:
        with self._writing:
            size = self.split or len(given) or 1
            for at in range(0, len(given), size):
                with contextlib.suppress(OSError):
                    os.write(self._master, given[at : at + size])
                if self.split:
                    time.sleep(0.001)
