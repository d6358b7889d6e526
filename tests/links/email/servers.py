"""Real mail servers on loopback: Dovecot for IMAP, aiosmtpd for SMTP."""

from __future__ import annotations

import grp
import imaplib
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ...stories.system import free_port

logging.getLogger("mail.log").setLevel(logging.ERROR)

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
USER, PASSWORD = "support@example.com", "pass-word-1"

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail
mail_uid = {mail_user}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Imap:
    """``with Imap() as imap``: one mailbox, in which ``deliver`` puts mails."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="parley-imap-"))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Imap:
        root = os.geteuid() == 0
        me, mine = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        (self.folder / "mail").mkdir()
        if root:
            shutil.chown(self.folder / "mail", "mail", "mail")
            self.folder.chmod(0o755)
        (self.folder / "conf").write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                password=PASSWORD,
                user="dovecot" if root else me,
                group="dovecot" if root else mine,
                mail_user="mail" if root else me,
                mail_group="mail" if root else mine,
            )
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        self.process = subprocess.Popen([DOVECOT, "-F", "-c", str(self.folder / "conf")])
        deadline = time.monotonic() + 10
        while True:
            try:
                self.client().logout()
                return
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        client.login(USER, PASSWORD)
        return client

    def deliver(self, mail: EmailMessage | bytes) -> None:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        client = self.client()
        assert client.append("INBOX", "", "", raw)[0] == "OK"
        client.logout()


class Smtp:
    """``with Smtp() as smtp``: takes mails from who logs in; ``refuse`` may answer otherwise."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        #: Asked with the step ("RCPT" or "DATA") and the envelope; "" takes it.
        self.refuse: Callable[[str, Envelope], str] = lambda step, envelope: ""
        self.password = PASSWORD
        self.port = free_port()
        self._controller: Controller | None = None

    def __enter__(self) -> Smtp:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._authenticate,
            auth_require_tls=False,
            auth_required=True,
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password == self.password.encode()
        return AuthResult(success=known, handled=known)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.refuse("RCPT", envelope):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = self.refuse("DATA", envelope)
        if refusal == "hang up":
            assert server.transport
            server.transport.abort()
            return "421 bye"
        if refusal:
            return refusal
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"
