"""Opens a connection to the SMSC and binds; whatever goes wrong says why and how long to wait."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import Callable

from ...errors import BadCredentials, ProviderError, Unavailable
from ...http.addresses import ForbiddenAddress, check_address
from . import settings as s
from .connection import Connection
from .pdu import BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER, Address, first_text, pack_bind
from .statuses import ALREADY_BOUND, OK, OURS, said

CONNECT_SECONDS = 10.0
BINDS = {
    s.TRANSCEIVER: BIND_TRANSCEIVER,
    s.TRANSMITTER: BIND_TRANSMITTER,
    s.RECEIVER: BIND_RECEIVER,
}
#: Pauses before the first attempts after a loss, and the longest ones, in seconds.
QUICK = (0.2, 1.0, 2.0, 5.0, 10.0, 20.0)
LONGEST = 60.0
ELSEWHERE = 30.0  # somebody else is bound: that session may end, hammering does not help
WRONG = 120.0  # the account is wrong: an operator may block whoever keeps trying
WRONG_LONGEST = 900.0


class Refused(ProviderError):
    """The SMSC answered the bind with an error."""

    def __init__(self, status: int) -> None:
        super().__init__(f"SMPP: the SMSC refuses the connection: {said(status)}.")
        self.status = status


def pause(error: ProviderError, attempt: int) -> float:
    """Seconds until the next attempt, after ``attempt`` failed ones; never the same for two."""
    if isinstance(error, BadCredentials):
        seconds = min(WRONG * 2 ** min(attempt, 5), WRONG_LONGEST)
    elif isinstance(error, Refused) and error.status == ALREADY_BOUND:
        seconds = ELSEWHERE
    else:
        seconds = QUICK[attempt] if attempt < len(QUICK) else LONGEST
    return float(seconds * random.uniform(0.8, 1.2))  # noqa: S311


async def bind(
    settings: s.Settings, mode: str, make: Callable[[], Connection], *, allow_private: bool
) -> tuple[Connection, str]:
    """A bound connection, and the name by which the SMSC calls itself.

    Raises BadCredentials, Refused or Unavailable.
    """
    connection = await _connect(settings, make, allow_private=allow_private)
    body = pack_bind(
        settings.system_id,
        settings.password,
        settings.system_type,
        Address(0, 0, settings.address_range),
    )
    try:
        status, answer = await connection.ask(BINDS[mode], body)
    except BaseException:
        connection.close("the bind failed")
        raise
    if status == OK:
        return connection, first_text(answer)
    connection.close("the bind was refused")
    await connection.lost
    if status in OURS:
        raise BadCredentials(f"SMPP: the SMSC refuses the account: {said(status)}.")
    raise Refused(status)


async def _connect(
    settings: s.Settings, make: Callable[[], Connection], *, allow_private: bool
) -> Connection:
    loop = asyncio.get_running_loop()
    where = f"{settings.host}:{settings.port}"
    reason = f"SMPP: {where} cannot be reached"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
            problem: OSError | None = None
            for _, _, _, _, address in found:
                try:
                    if not allow_private:
                        check_address(str(address[0]))
                    # To the very address that was checked: a name may change in between.
                    _, connection = await loop.create_connection(
                        make,
                        str(address[0]),
                        settings.port,
                        ssl=_tls(settings) if settings.tls else None,
                        server_hostname=settings.host if settings.tls else None,
                    )
                except OSError as error:
                    problem = problem or error
                else:
                    return connection
    except TimeoutError:
        raise Unavailable(f"{reason} within {CONNECT_SECONDS:g} seconds.") from None
    except (OSError, UnicodeError) as error:
        problem = error if isinstance(error, OSError) else OSError("not a host name")
    raise Unavailable(f"{reason}: {_words(problem)}.") from problem


def _tls(settings: s.Settings) -> ssl.SSLContext:
    """Any certificate that the system trusts; or only the one that was entered."""
    if not settings.certificate:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cadata=settings.certificate)
    except (ssl.SSLError, ValueError) as error:
        raise OSError(f"the certificate in the channel's settings is no PEM ({error})") from error
    # It was handed over for this SMSC, whose certificates often name no host at all.
    context.check_hostname = False
    return context


def _words(error: OSError | None) -> str:
    if isinstance(error, ForbiddenAddress):
        return str(error)
    if isinstance(error, ssl.SSLError):
        return f"no secure connection ({error.reason or error})"
    if isinstance(error, socket.gaierror):
        return "the name cannot be found"
    return (error.strerror or str(error)) if error else "the name leads nowhere"
