"""A mailbox by IMAP. Everything here blocks: it runs in a thread of its own."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from ...errors import BadCredentials, Unavailable
from . import doors
from .settings import PLAIN, STARTTLS, Server

#: Seconds after which a silent server is asked. Not more: what it tells in the very moment in which
#: waiting begins may lie unseen in a buffer.
IDLE = 30.0
POLL = 15.0  # seconds between two looks where the server does not tell of new mail
LARGEST = 40_000_000  # bytes; of a larger mail only the beginning is read
HEAD = 65_536

BROKEN = (OSError, imaplib.IMAP4.error, ImapToolsError, EOFError)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last mail that was read: UIDs count up for as long as the mailbox keeps its validity."""

    validity: int
    uid: int

    @classmethod
    def of(cls, text: str) -> Cursor | None:
        found = re.fullmatch(r"([0-9]+):([0-9]+)", text)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}"


class Mailbox:
    """``open`` first; then ``new`` and ``fetch``, and ``wait`` until there may be more."""

    def __init__(self, server: Server, folder: str) -> None:
        self._server = server
        self._folder = folder
        self._box: BaseMailBox | None = None
        self.validity = 0
        self.next_uid = 1
        self.count = 0

    def open(self, *, allow_private: bool) -> None:
        """Raises BadCredentials if the log-in is refused, Unavailable for all else."""
        server = self._server
        doors.check(server, allow_private=allow_private)
        try:
            box = self._box = self._connect()
        except BROKEN as error:
            raise Unavailable(doors.words(server, error)) from error
        try:
            box.login(server.user, server.password, initial_folder=None)
        except MailboxLoginError as error:
            said = b" ".join(each for each in error.command_result[1] if isinstance(each, bytes))
            raise self._refused(said.decode("utf-8", "replace")) from error
        except (imaplib.IMAP4.error, UnicodeError) as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise Unavailable(doors.words(server, error)) from error
            raise self._refused(doors.said(error)) from error
        except OSError as error:
            raise Unavailable(doors.words(server, error)) from error
        try:
            self._select(box)
        except BROKEN as error:
            raise Unavailable(doors.words(server, error)) from error

    def _refused(self, said: str) -> BadCredentials | Unavailable:
        if "[UNAVAILABLE]" in said.upper() or "[INUSE]" in said.upper():
            return Unavailable(f"E-mail: {self._server.host} refuses the log-in for now: {said}")
        return BadCredentials(f"E-mail: {self._server.host} refuses the log-in: {said}")

    def _connect(self) -> BaseMailBox:
        server = self._server
        if server.security == PLAIN:
            return MailBoxUnencrypted(server.host, server.port, timeout=doors.TIMEOUT)
        context = ssl.create_default_context()
        kind = MailBoxStartTls if server.security == STARTTLS else MailBox
        return kind(server.host, server.port, ssl_context=context, timeout=doors.TIMEOUT)

    def _select(self, box: BaseMailBox) -> None:
        told = box.folder.status(self._folder, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        self.validity, self.next_uid = told["UIDVALIDITY"], told["UIDNEXT"]
        self.count = told["MESSAGES"]
        _checked(*box.client.select(encode_folder(self._folder).decode(), readonly=True))

    def new(self, cursor: Cursor) -> list[int]:
        """The UIDs of what came after the cursor; of a mailbox made anew, of the last days."""
        since = f"UID {cursor.uid + 1}:*"
        if cursor.validity != self.validity:
            day = datetime.now(UTC) - timedelta(days=2)
            since = f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        found = _checked(*self._client.uid("SEARCH", since))
        uids = sorted(int(each) for each in b" ".join(filter(None, found)).split())
        known = cursor.uid if cursor.validity == self.validity else 0
        return [uid for uid in uids if uid > known]  # "5:*" names the last one even if it is 4

    def fetch(self, uid: int) -> tuple[bytes, bool]:
        """A mail, and whether it is whole; b"" if it is gone meanwhile."""
        told = _checked(*self._client.uid("FETCH", str(uid), "(RFC822.SIZE)"))
        size = re.search(rb"RFC822\.SIZE ([0-9]+)", b" ".join(_flat(told)))
        if size is None:
            return b"", True
        whole = int(size[1]) <= LARGEST
        part = "BODY.PEEK[]" if whole else f"BODY.PEEK[]<0.{HEAD}>"
        told = _checked(*self._client.uid("FETCH", str(uid), f"({part})"))
        return next((each[1] for each in told if isinstance(each, tuple)), b""), whole

    def wait(self) -> None:
        """Until the server tells of something new, or for a while."""
        assert self._box is not None
        if "IDLE" in self._client.capabilities:
            self._box.idle.wait(timeout=IDLE)
        else:
            time.sleep(POLL)
        _checked(*self._client.noop())

    def close(self) -> None:
        """Log out, as far as the connection still allows it."""
        with suppress(*BROKEN):
            if self._box is not None:
                self._box.client.logout()

    def interrupt(self) -> None:
        """From another thread: end whatever waits for the server."""
        with suppress(*BROKEN, AttributeError):
            if self._box is not None:
                self._box.client.socket().shutdown(socket.SHUT_RDWR)

    @property
    def _client(self) -> Any:
        assert self._box is not None
        return self._box.client


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _checked(status: str, found: list[Any]) -> list[Any]:
    if status != "OK":
        said = b" ".join(each for each in found if isinstance(each, bytes))
        raise imaplib.IMAP4.error(said.decode("utf-8", "replace") or status)
    return found


def _flat(told: list[Any]) -> list[bytes]:
    return [
        part for each in told if each for part in (each if isinstance(each, tuple) else (each,))
    ]
