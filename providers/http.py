"""The one way out to the network: carries Calls by requests, or by aiohttp in the pump.

Both carriers keep the same promises: a time-out for the whole exchange, a limit on the answer's
size, no redirects, no proxies from the environment, no private addresses (unless allowed), and one
of the errors of ``errors.py`` for whatever goes wrong. Their main duty is to tell "never
connected" (Unavailable: tried again) from "no answer" (Uncertain: never repeated).
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
import ssl
import time
from collections.abc import Generator, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import aiohttp
import orjson
import requests
from aiohttp.abc import AbstractResolver, ResolveResult
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from .base import Answer, Call, Wait
from .errors import ProviderError, Unavailable, Uncertain

R = TypeVar("R")

CONNECT_SECONDS = 10.0
# A server may close an idle connection just as we write to it, and then nobody knows whether it
# read the message. Dropping connections that idle longer than this makes that rare.
KEEP_ALIVE_SECONDS = 4.0
USER_AGENT = "Parley"
LOGGED_CHARS = 4_000


class ForbiddenAddress(OSError):
    """The name leads to an address inside a private network."""


def check_address(address: str) -> None:
    """Raise ForbiddenAddress unless this IP address is a public one."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if not hidden and ip in ipaddress.ip_network("64:ff9b::/96"):
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = hidden or ip
    if not ip.is_global or ip.is_multicast:
        raise ForbiddenAddress(f"{address} is a private address, which is not allowed")


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise ValueError, in an administrator's words, unless we may send requests to this URL.

    Looks the host's name up. The carriers check again when they connect.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ValueError(f"{url!r} is not a valid address: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not an http:// or https:// address.")
    if allow_private:
        return
    try:
        for found in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM):
            check_address(str(found[4][0]))
    except ForbiddenAddress as error:
        raise ValueError(f"{parts.hostname} is refused: {error}.") from None
    except OSError:
        raise ValueError(f"The name {parts.hostname} cannot be found.") from None


# --- what both carriers share ----------------------------------------------------------------


def _fault(call: Call, said: str) -> ProviderError:
    """The error for an exchange that broke off after it may have left us."""
    return Uncertain(said) if call.sends else Unavailable(said)


def _host(call: Call) -> str:
    """The host, for people to read. Never the whole address: it may hold a key."""
    try:
        return urlsplit(call.url).hostname or "The API address"
    except ValueError:
        return "The API address"


def _headers(call: Call, *, json: bool) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, **call.headers}
    if call.auth:
        pair = base64.b64encode(":".join(call.auth).encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    names = {name.lower() for name in headers}
    if json and "content-type" not in names:
        headers["Content-Type"] = "application/json; charset=utf-8"
    if call.form is not None and "content-type" not in names:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers


def _body(call: Call) -> bytes | None:
    if call.json is not None:
        return orjson.dumps(call.json)
    if call.form is not None:
        pairs = call.form.items() if isinstance(call.form, Mapping) else call.form
        return urlencode(list(pairs), doseq=True).encode()
    return call.body


def _url(call: Call) -> str:
    if not call.params:
        return call.url
    return f"{call.url}{'&' if '?' in call.url else '?'}{urlencode(call.params)}"


# What an adapter raises when it reads an answer that it does not know.
STUMBLES = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def _unknown_form(call: Call, answer: Answer | None, stumble: Exception) -> ProviderError:
    said = answer.text.strip()[:200] if answer else ""
    error = _fault(call, f"{_host(call)} answers in an unknown form: {said or '(nothing)'}")
    error.__cause__ = stumble
    return error


def _judge(call: Call, answer: Answer) -> ProviderError | None:
    try:
        error = call.judge(answer) if call.judge else None
    except STUMBLES as stumble:
        return _unknown_form(call, answer, stumble)
    if isinstance(error, Uncertain) and not call.sends:
        return Unavailable(error.reason, code=error.code)
    return error


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, in any of the forms in which they travel."""
    for secret in secrets:
        if len(secret) < 3:
            continue
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(form, "•••")
    return text


def _record(call: Call, answer: Answer | None, error: str, started: float) -> dict[str, Any]:
    body = _body(call) or b""
    return {
        "method": call.method,
        "url": _url(call)[:2_000],
        "request": body[:LOGGED_CHARS].decode("utf-8", "replace"),
        "status": answer.status if answer else None,
        "answer": answer.body[:LOGGED_CHARS].decode("utf-8", "replace") if answer else "",
        "error": error,
        "ms": round((time.monotonic() - started) * 1000, 1),
    }


def _resume(
    talk: Generator[Call | Wait, Answer, R],
    step: Call | Wait,
    answer: Answer | None,
    error: ProviderError | None,
    started: float,
    log: list[dict[str, Any]],
) -> Call | Wait:
    """Hand the outcome of a step to the talk; return its next step.

    Raises StopIteration with the result, or ProviderError. An adapter that stumbles over an answer
    it does not know has learnt nothing, so the outcome of what it sent is unknown.
    """
    if isinstance(step, Wait):
        return talk.send(Answer(200, {}, b""))
    if answer is not None:
        error = _judge(step, answer)
    log.append(_record(step, answer, error.reason if error else "", started))
    try:
        if error is not None:
            return talk.throw(error)
        return talk.send(answer)  # type: ignore[arg-type]
    except STUMBLES as stumble:
        raise _unknown_form(step, answer, stumble) from stumble


# --- requests ---------------------------------------------------------------------------------


def _guarded(connection: type[HTTPConnection], *, allow_private: bool) -> type[HTTPConnection]:
    class Guarded(connection):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> socket.socket:
            if not allow_private:
                for found in socket.getaddrinfo(self._dns_host, self.port):
                    check_address(str(found[4][0]))
            sock: socket.socket = super()._new_conn()
            if not allow_private:  # the name may lead elsewhere than a moment ago
                try:
                    check_address(sock.getpeername()[0])
                except ForbiddenAddress:
                    sock.close()
                    raise
            return sock

    return Guarded


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plain = type("Pool", (HTTPConnectionPool,), {})
        plain.ConnectionCls = _guarded(  # type: ignore[attr-defined]
            HTTPConnection, allow_private=self._allow_private
        )
        tls = type("TlsPool", (HTTPSConnectionPool,), {})
        tls.ConnectionCls = _guarded(  # type: ignore[attr-defined]
            HTTPSConnection, allow_private=self._allow_private
        )
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": tls}


class Carrier:
    """Carries calls one after another, on requests: for the admin, checks, files, polling."""

    def __init__(self, *, allow_private: bool = False, connect: float = CONNECT_SECONDS) -> None:
        self._connect = connect
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _GuardedAdapter(allow_private=allow_private))

    def perform(self, call: Call) -> Answer:
        """Carry one call. Returns its answer, whatever its status. Raises ProviderError."""
        deadline = time.monotonic() + call.timeout
        try:
            response = self._session.request(
                call.method,
                _url(call),
                data=_body(call),
                headers=_headers(call, json=call.json is not None),
                timeout=(min(self._connect, call.timeout), call.timeout),
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = bytearray()
                for chunk in response.iter_content(65_536):
                    body += chunk
                    if len(body) > call.max_bytes:
                        raise _fault(call, f"{_host(call)} answers with too long a body.")
                    if time.monotonic() > deadline:
                        raise _fault(call, f"{_host(call)} did not finish its answer in time.")
        except requests.RequestException as error:
            raise self._sorted(call, error) from error
        except ForbiddenAddress as error:
            raise Unavailable(f"{_host(call)} is refused: {error}.") from error
        except OSError as error:
            raise Unavailable(f"{_host(call)} cannot be reached: {error}.") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(body))

    def _sorted(self, call: Call, error: requests.RequestException) -> ProviderError:
        host = _host(call)
        if isinstance(error, requests.exceptions.SSLError):
            return Unavailable(f"{host}: no secure connection ({_short(error)}).")
        if isinstance(error, requests.ConnectTimeout):
            return Unavailable(f"{host} cannot be reached: no connection in time.")
        if isinstance(error, requests.Timeout):
            return _fault(call, f"{host} gave no answer within {call.timeout:g} seconds.")
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return Unavailable(f"{_host(call)!r} is not a valid address.")
        if isinstance(error, requests.ConnectionError):
            cause = error.args[0] if error.args else None
            if isinstance(cause, MaxRetryError):
                cause = cause.reason
            if isinstance(cause, NewConnectionError | ConnectTimeoutError):
                return Unavailable(f"{host} cannot be reached: {_short(error)}.")
        return _fault(call, f"{host} broke off before it answered ({_short(error)}).")

    def run(self, talk: Generator[Call | Wait, Answer, R], log: list[dict[str, Any]]) -> R:
        """Carry a whole talk and return its result; what was said is added to ``log``."""
        try:
            step = next(talk)
            while True:
                answer: Answer | None = None
                error: ProviderError | None = None
                started = time.monotonic()
                if isinstance(step, Wait):
                    time.sleep(step.seconds)
                else:
                    try:
                        answer = self.perform(step)
                    except ProviderError as raised:
                        error = raised
                step = _resume(talk, step, answer, error, started, log)
        except StopIteration as stop:
            result: R = stop.value
            return result


def _short(error: BaseException) -> str:
    """The innermost cause of an error, in few words."""
    while True:
        inner = error.__cause__ or (
            error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
        )
        inner = inner or getattr(error, "reason", None)
        if not isinstance(inner, BaseException) or inner is error:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).rsplit("] ", 1)[-1]
    return text.split(": ", 1)[-1][:200] or type(error).__name__


# --- aiohttp ----------------------------------------------------------------------------------


class _GuardedResolver(AbstractResolver):
    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            check_address(each["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


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
        host = _host(call)
        if not self._allow_private:
            try:
                check_address(host)  # aiohttp asks no resolver for a literal address
            except ForbiddenAddress as error:
                raise Unavailable(f"{host} is refused: {error}.") from error
            except ValueError:
                pass
        timeout = aiohttp.ClientTimeout(
            total=call.timeout, connect=min(self._connect, call.timeout * 0.9)
        )
        try:
            async with session.request(
                call.method,
                _url(call),
                data=_body(call),
                headers=_headers(call, json=call.json is not None),
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                body = await self._read(call, response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, body)
        except aiohttp.InvalidURL as error:
            raise Unavailable(f"{_host(call)!r} is not a valid address.") from error
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
            raise Unavailable(f"{host}: no secure connection ({_short(error)}).") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            refused = error.__cause__ or getattr(error, "os_error", None)
            if isinstance(refused, ForbiddenAddress):
                raise Unavailable(f"{host} is refused: {refused}.") from error
            raise Unavailable(f"{host} cannot be reached: {_short(error)}.") from error
        except ForbiddenAddress as error:
            raise Unavailable(f"{host} is refused: {error}.") from error
        except TimeoutError as error:
            said = f"{host} gave no answer within {call.timeout:g} seconds."
            raise _fault(call, said) from error
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            said = f"{host} broke off before it answered ({_short(error)})."
            raise _fault(call, said) from error

    async def _read(self, call: Call, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or call.max_bytes + 1) <= call.max_bytes:
            return await response.read()
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > call.max_bytes:
                raise _fault(call, f"{_host(call)} answers with too long a body.")
        return bytes(body)

    async def run(self, talk: Generator[Call | Wait, Answer, R], log: list[dict[str, Any]]) -> R:
        """Carry a whole talk and return its result; what was said is added to ``log``."""
        try:
            step = next(talk)
            while True:
                answer: Answer | None = None
                error: ProviderError | None = None
                started = time.monotonic()
                if isinstance(step, Wait):
                    await asyncio.sleep(step.seconds)
                else:
                    try:
                        answer = await self.perform(step)
                    except ProviderError as raised:
                        error = raised
                step = _resume(talk, step, answer, error, started, log)
        except StopIteration as stop:
            result: R = stop.value
            return result
