"""Kannel's bearerbox and smsbox, as an ESME with an HTTP door: an independent peer."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

BEARERBOX = shutil.which("bearerbox", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
SMSBOX = shutil.which("smsbox", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = bar
admin-interface = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
sms-resend-freq = 1
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 0

group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
port = {port}
smsc-username = kannel
smsc-password = pa55word
system-type = ""
transceiver-mode = true
enquire-link-interval = 1
reconnect-delay = 1
max-pending-submits = 10
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-interface = 127.0.0.1
log-file = {folder}/smsbox.log
log-level = 0

group = sendsms-user
username = tester
password = foobar
max-messages = 20
concatenation = true

group = sms-service
keyword = default
post-url = "{callback}/mo"
max-messages = 0
catch-all = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Kannel:
    """``Kannel(folder, port, callback)``: connects to the SMSC at this port once started."""

    def __init__(self, folder: Path, port: int, callback: str) -> None:
        self.folder, self.callback = folder, callback
        self.admin, self.boxes, self.sending = free_port(), free_port(), free_port()
        self.path = folder / "kannel.conf"
        self.path.write_text(
            CONFIGURATION.format(
                admin=self.admin,
                boxes=self.boxes,
                sending=self.sending,
                folder=folder,
                port=port,
                callback=callback,
            )
        )
        self._children: list[subprocess.Popen[bytes]] = []

    async def start(self) -> None:
        for program, port in ((BEARERBOX, self.boxes), (SMSBOX, self.sending)):
            assert program
            with (self.folder / f"{Path(program).name}.out").open("wb") as out:
                self._children.append(
                    subprocess.Popen([program, str(self.path)], stdout=out, stderr=out)
                )
            await self._listens(port)

    async def _listens(self, port: int) -> None:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    def send_address(self, text: str, *, coding: int = 0) -> str:
        """The address that makes Kannel send this text, and report on it."""
        told = quote(f"{self.callback}/dlr?state=%d")
        return (
            f"http://127.0.0.1:{self.sending}/cgi-bin/sendsms?username=tester&password=foobar"
            f"&from=%2B41791234510&to=%2B41791112233&charset=UTF-8&coding={coding}"
            f"&text={quote(text)}&dlr-mask=31&dlr-url={told}"
        )

    def stop(self) -> None:
        for child in reversed(self._children):
            child.terminate()
        for child in self._children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
