"""The carrier on requests: one call after another, for the admin, checks, files and polling."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Generator
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..calls import Answer, Call, Wait
from ..errors import BadCredentials, ProviderError, Unavailable
from . import addresses
from .addresses import ForbiddenAddress
from .certificates import certificate_refused, context_with
from .exchange import (
    CONNECT_SECONDS,
    body_of,
    causes,
    fault,
    headers_of,
    host_of,
    resume,
    short,
    url_of,
)

R = TypeVar("R")


class _NotConnected(OSError):
    """No connection came about, so that nothing can have been sent."""


class _Deadline:
    """Ends the exchange when its time is up, however busily the other side drips.

    Time-outs of sockets begin anew with every byte that comes.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        _running.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _running.deadline = None

    def watch(self, sock: socket.socket) -> None:
        self._socket = sock
        if self.passed:
            self._end()

    def _end(self) -> None:
        self.passed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own, which takes the session away from the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_running = threading.local()


def _guarded(connection: type[HTTPConnection], *, allow_private: bool) -> type[HTTPConnection]:
    class Guarded(connection):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> socket.socket:
            if not allow_private:
                for found in socket.getaddrinfo(self._dns_host, self.port):
                    addresses.check_address(str(found[4][0]))
            sock: socket.socket = super()._new_conn()
            if not allow_private:  # the name may lead elsewhere than a moment ago
                try:
                    addresses.check_address(sock.getpeername()[0])
                except ForbiddenAddress:
                    sock.close()
                    raise
            return sock

        def connect(self) -> None:
            try:
                super().connect()
            except ForbiddenAddress:
                raise
            except Exception as error:
                self.close()
                raise _NotConnected(_why(error)) from error

        def getresponse(self) -> Any:
            if (deadline := getattr(_running, "deadline", None)) and self.sock:
                deadline.watch(self.sock)
            return super().getresponse()

    return Guarded


def _why(error: Exception) -> str:
    """Why there is no connection, as the end of a sentence."""
    if isinstance(error, ssl.SSLError):
        return f"no secure connection ({short(error)})"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    return short(error)


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, *, allow_private: bool, context: ssl.SSLContext | None = None) -> None:
        self._allow_private = allow_private
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._context is not None:
            kwargs["ssl_context"] = self._context
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


def _no_answer(call: Call) -> ProviderError:
    return fault(call, f"{host_of(call)} gave no answer within {call.timeout:g} seconds.")


class Carrier:
    """Carries calls one after another, on requests: for the admin, checks, files, polling."""

    def __init__(self, *, allow_private: bool = False, connect: float = CONNECT_SECONDS) -> None:
        self._connect = connect
        self._allow_private = allow_private
        self._session = self._open(None)
        self._certified: dict[ssl.SSLContext, requests.Session] = {}

    def _open(self, context: ssl.SSLContext | None) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        for scheme in ("http://", "https://"):
            adapter = _GuardedAdapter(allow_private=self._allow_private, context=context)
            session.mount(scheme, adapter)
        return session

    def _session_for(self, call: Call) -> requests.Session:
        """The session of the call's certificate: connections are never shared between two."""
        if not call.certificate:
            return self._session
        context = context_with(call.certificate)
        if context not in self._certified:
            self._certified[context] = self._open(context)
        return self._certified[context]

    def perform(self, call: Call) -> Answer:
        """Carry one call. Returns its answer, whatever its status. Raises ProviderError."""
        host = host_of(call)
        with _Deadline(call.timeout) as deadline:
            try:
                answer = self._perform(call)
            except requests.exceptions.InvalidSchema as error:
                raise Unavailable(f"{host} has no http:// or https:// address.") from error
            except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as error:
                raise Unavailable(f"{host} is not a valid address.") from error
            except (requests.RequestException, OSError) as error:
                if call.certificate and certificate_refused(error):
                    raise BadCredentials(f"{host} refuses our certificate.") from error
                for cause in causes(error):
                    if isinstance(cause, ForbiddenAddress):
                        raise Unavailable(f"{host} is refused: {cause}.") from error
                    if isinstance(cause, _NotConnected):
                        raise Unavailable(f"{host} cannot be reached: {cause}.") from error
                if deadline.passed or isinstance(error, requests.Timeout):
                    raise _no_answer(call) from error
                said = f"{host} broke off before it answered ({short(error)})."
                raise fault(call, said) from error
        if deadline.passed:
            raise _no_answer(call)
        return answer

    def _perform(self, call: Call) -> Answer:
        response = self._session_for(call).request(
            call.method,
            url_of(call),
            data=body_of(call),
            headers=headers_of(call, json=call.json is not None),
            timeout=(min(self._connect, call.timeout), call.timeout),
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = bytearray()
            for chunk in response.iter_content(65_536):
                body += chunk
                if len(body) > call.max_bytes:
                    raise fault(call, f"{host_of(call)} answers with too long a body.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(body))

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
                step = resume(talk, step, answer, error, started, log)
        except StopIteration as stop:
            result: R = stop.value
            return result
