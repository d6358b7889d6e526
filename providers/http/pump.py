"""The carrier on aiohttp: hundreds of calls at once in one event loop, for the pump."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ..calls import Answer, Call, Wait
from ..errors import BadCredentials, ProviderError, Unavailable
from . import addresses
from .addresses import ForbiddenAddress
from .certificates import certificate_refused, context_with
from .exchange import CONNECT_SECONDS, body_of, fault, headers_of, host_of, resume, short, url_of

R = TypeVar("R")

# A server may close an idle connection just as we write to it, and then nobody knows whether it
# read the message. Dropping connections that idle longer than this makes that rare.
KEEP_ALIVE_SECONDS = 4.0


class _GuardedResolver(AbstractResolver):
    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            addresses.check_address(each["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


@lru_cache(maxsize=64)
def _timeout(total: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, sock_connect=connect)


class AsyncCarrier:
    """Carries hundreds of calls at once in one event loop, on aiohttp: for the pump."""

    def __init__(self, *, allow_private: bool = False, connect: float = CONNECT_SECONDS) -> None:
        self._allow_private = allow_private
        self._connect = connect
        self._session: aiohttp.ClientSession | None = None

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # the outbox limits what is in flight, per channel
                    resolver=None if self._allow_private else _GuardedResolver(),
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
            # aiohttp repeats a GET whose connection broke; some providers send by GET.
            self._session._retry_connection = False
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def perform(self, call: Call) -> Answer:
        """Carry one call. Returns its answer, whatever its status. Raises ProviderError."""
        session = await self._open()
        host = host_of(call)
        if not self._allow_private:
            try:
                addresses.check_address(host)  # aiohttp asks no resolver for a literal address
            except ForbiddenAddress as error:
                raise Unavailable(f"{host} is refused: {error}.") from error
            except ValueError:
                pass
        timeout = _timeout(call.timeout, min(self._connect, call.timeout * 0.9))
        try:
            async with session.request(
                call.method,
                url_of(call),
                data=body_of(call),
                headers=headers_of(call, json=call.json is not None),
                timeout=timeout,
                allow_redirects=False,
                ssl=context_with(call.certificate) if call.certificate else True,
            ) as response:
                plain = (
                    "Content-Encoding" not in response.headers
                )  # else it may unpack to much more
                if plain and (response.content_length or call.max_bytes + 1) <= call.max_bytes:
                    body = await response.read()
                else:
                    body = await self._read(call, response)
                return Answer(response.status, response.headers, body)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise Unavailable(f"{host} is not a valid address.") from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            if call.certificate and certificate_refused(error):
                raise BadCredentials(f"{host} refuses our certificate.") from error
            raise Unavailable(f"{host}: no secure connection ({short(error)}).") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            refused = error.__cause__ or getattr(error, "os_error", None)
            if isinstance(refused, ForbiddenAddress):
                raise Unavailable(f"{host} is refused: {refused}.") from error
            raise Unavailable(f"{host} cannot be reached: {short(error)}.") from error
        except ForbiddenAddress as error:
            raise Unavailable(f"{host} is refused: {error}.") from error
        except TimeoutError as error:
            said = f"{host} gave no answer within {call.timeout:g} seconds."
            raise fault(call, said) from error
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            if call.certificate and certificate_refused(error):
                raise BadCredentials(f"{host} refuses our certificate.") from error
            said = f"{host} broke off before it answered ({short(error)})."
            raise fault(call, said) from error

    async def _read(self, call: Call, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > call.max_bytes:
                raise fault(call, f"{host_of(call)} answers with too long a body.")
        return bytes(body)

    async def run(
        self,
        talk: Generator[Call | Wait, Answer, R],
        log: list[dict[str, Any]],
        seconds: float = 100.0,
    ) -> R:
        """Carry a whole talk and return its result; what was said is added to ``log``.

        The talk as a whole takes at most so many seconds: the last call's time is cut short.
        """
        deadline = time.monotonic() + seconds
        try:
            step = next(talk)
            while True:
                answer: Answer | None = None
                error: ProviderError | None = None
                started = time.monotonic()
                left = max(0.1, deadline - started)
                if isinstance(step, Wait):
                    await asyncio.sleep(min(step.seconds, left))
                else:
                    if step.timeout > left:
                        step = replace(step, timeout=left)
                    try:
                        answer = await self.perform(step)
                    except ProviderError as raised:
                        error = raised
                step = resume(talk, step, answer, error, started, log)
        except StopIteration as stop:
            result: R = stop.value
            return result
