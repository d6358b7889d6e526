"""gammu's daemon as a process: its configuration, its start and end, its figures."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from ...errors import BadCredentials
from .settings import Settings

DAEMON, MONITOR = "gammu-smsd", "gammu-smsd-monitor"
FOLDERS = ("inbox", "out", "sent", "error")
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "/usr/bin:/bin")}
CONFIGURATION = """[gammu]
device = {device}
connection = {connection}
model = {model}
gammuloc = /dev/null

[smsd]
service = files
{pin}logfile = stderr
debuglevel = 1
inboxpath = {folder}/inbox/
outboxpath = {folder}/out/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = detail
outboxformat = detail
transmitformat = auto
deliveryreport = sms
commtimeout = 5
receivefrequency = 5
statusfrequency = 15
loopsleep = 1
multiparttimeout = {join}
"""


def prepare(folder: Path, settings: Settings) -> None:
    """Make the folders and the configuration, for nobody else's eyes: it may hold the PIN.

    Raises BadCredentials if the daemon is not installed, or the folder cannot be used.
    """
    for program in (DAEMON, MONITOR):
        if not shutil.which(program):
            raise BadCredentials(f"{program} is not installed: apt-get install gammu-smsd.")
    try:
        for name in FOLDERS:
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("out", "sent", "error"):  # of an earlier run, which has told what it knew
            for each in (folder / name).iterdir():
                each.unlink()
        path = folder / "smsdrc"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_configuration(folder, settings))
    except OSError as error:
        raise BadCredentials(f"gammu's folder cannot be used: {error}.") from None


def _configuration(folder: Path, settings: Settings) -> str:
    return CONFIGURATION.format(
        device=settings.device,
        connection=settings.gammu_connection,
        model="dummy" if settings.gammu_connection == "none" else "auto",
        pin=f"pin = {settings.pin}\n" if settings.pin else "",
        folder=folder,
        join=int(settings.join),
    )


async def start(folder: Path) -> asyncio.subprocess.Process:
    """Start the daemon; what it logs comes from its standard error."""
    command = [DAEMON, "-c", str(folder / "smsdrc")]
    if keeper := shutil.which("setpriv"):  # it must not outlive us
        command = [keeper, "--pdeathsig", "TERM", *command]
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )


async def end(daemon: asyncio.subprocess.Process) -> None:
    """End the daemon, gently if it lets us."""
    if daemon.returncode is not None:
        return
    daemon.terminate()
    try:
        async with asyncio.timeout(5):
            await daemon.wait()
    except TimeoutError:
        daemon.kill()


async def figures(folder: Path) -> dict[str, str]:
    """What the daemon tells of its modem; {} if it tells nothing."""
    asking = await asyncio.create_subprocess_exec(
        *(MONITOR, "-c", str(folder / "smsdrc"), "-n", "1", "-d", "0"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(10):
            said, _ = await asking.communicate()
    except TimeoutError:
        return {}
    finally:
        if asking.returncode is None:
            asking.kill()
    pairs = (line.partition(": ") for line in said.decode("utf-8", "replace").splitlines())
    return {name: value.strip() for name, _, value in pairs}
