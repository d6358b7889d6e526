"""The serial port, as bytes that come and bytes that go, in an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import Callable
from typing import Any

from ...errors import BadCredentials
from .errors import Lost, NoAnswer

READ = 4096
GONE = "The port is gone: {}. Was the modem unplugged?"


class Port:
    """An open port. ``received`` is called with what comes, ``lost`` once when the port is gone."""

    def __init__(
        self, serial: Any, received: Callable[[bytes], None], lost: Callable[[str], None]
    ) -> None:
        self._serial, self._received, self._lost = serial, received, lost
        self._fd: int = serial.fileno()
        self._loop = asyncio.get_running_loop()
        self._watching = True
        os.set_blocking(self._fd, False)
        self._loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        try:
            found = os.read(self._fd, READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error.strerror or "it broke")
            return
        if found:
            self._received(found)
        elif self._hung_up():  # else it is only empty: a terminal says both by nothing
            self._end("nothing is at its other end")

    def _hung_up(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def _end(self, said: str) -> None:
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._fd)
            self._lost(GONE.format(said))

    async def write(self, given: bytes, seconds: float = 5.0) -> None:
        """Raises Lost if the port is gone, NoAnswer if it takes no more bytes."""
        try:
            async with asyncio.timeout(seconds):
                while given:
                    if not self._watching:
                        raise Lost(GONE.format("closed"))
                    try:
                        given = given[os.write(self._fd, given) :]
                    except BlockingIOError:
                        await asyncio.sleep(0.02)
        except TimeoutError:
            raise NoAnswer("The modem takes no more bytes.") from None
        except OSError as error:
            self._end(error.strerror or "it broke")
            raise Lost(GONE.format(error.strerror)) from None

    async def close(self) -> None:
        """Let go of the port. A stuck modem may hold the closing thread; nobody waits for it."""
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._fd)
        closing = self._loop.run_in_executor(None, _close, self._serial)
        await asyncio.wait({closing}, timeout=2.0)


def _close(serial: Any) -> None:
    with contextlib.suppress(Exception):  # of a device that is gone, in whatever form
        serial.reset_output_buffer()  # else closing waits until all is written
    with contextlib.suppress(Exception):
        serial.close()


async def open_port(
    device: str, speed: int, received: Callable[[bytes], None], lost: Callable[[str], None]
) -> Port:
    """Open a serial port for ourselves alone.

    Raises Lost if that is not possible now, BadCredentials if pyserial is not installed.
    """
    try:
        import serial  # type: ignore[import-untyped]  # an optional package, only for modems
    except ImportError:
        raise BadCredentials(
            "pyserial is missing: install it with pip into the environment that Parley runs in."
        ) from None

    def opened() -> Any:
        return serial.Serial(device, speed, timeout=0, exclusive=True)

    try:
        found = await asyncio.to_thread(opened)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise Lost(f"{device} cannot be opened: {_why(error)}") from None
    return Port(found, received, lost)


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == 2:
        return "there is no such device. Is the modem plugged in?"
    if number == 13:
        return "permission denied. Put Parley's user into the device's group (dialout)."
    if number in (11, 16) or "exclusive" in str(error).lower():
        return "another program uses it."
    return f"{error}."
