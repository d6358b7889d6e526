"""Opening connections to mail servers: checked addresses, certificates, words for failures."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl

from ...errors import Unavailable
from ...http.addresses import ForbiddenAddress, check_address
from ...http.exchange import short
from .settings import Server

TIMEOUT = 30.0  # seconds for each answer of a server


def check(server: Server, *, allow_private: bool) -> None:
    """Raise Unavailable if the server's name is not known, or leads into a private network."""
    if allow_private:
        return
    try:
        for found in socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM):
            check_address(str(found[4][0]))
    except ForbiddenAddress as error:
        raise Unavailable(f"E-mail: {server.host} is refused: {error}.") from error
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"E-mail: the name {server.host} cannot be found.") from error


def words(server: Server, error: BaseException) -> str:
    """What went wrong with a server, for an administrator."""
    where = f"{server.host}:{server.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"E-mail: the certificate of {where} is not valid ({error.verify_message})."
    if isinstance(error, ssl.SSLError):
        return f"E-mail: no secure connection to {where} ({short(error)}); check the port."
    if isinstance(error, TimeoutError):
        return f"E-mail: {where} does not answer."
    if isinstance(error, imaplib.IMAP4.error | smtplib.SMTPException):
        return f"E-mail: {where} says: {said(error)}"
    return f"E-mail: {where} cannot be reached: {short(error)}."


def said(error: BaseException) -> str:
    """A server's own words, from whatever exception holds them."""
    code, text = getattr(error, "smtp_code", ""), getattr(error, "smtp_error", "")
    if not text:
        text = error.args[-1] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return " ".join(f"{code} {text}".split())[:300] or type(error).__name__
