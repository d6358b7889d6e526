"""The event stream of the agents' pages and of the virtual phone: server-sent events, bare ASGI.

``/events`` needs an agent's login, ``/events?supervise=1`` a supervisor's;
``/phone/events?number=<pk>&customer=<address>`` belongs to the virtual phone. A browser receives
``message`` events, whose JSON names what changed, and ``refetch`` when it may have missed some.
``after=<cursor>`` (or the Last-Event-ID of a browser that comes back) says what it has seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache, partial
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import ValidationError
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host

from channels_app import fields
from channels_app.models import Number
from routing import live
from routing.models import Extension, Queue

from .hub import Connection, Hub, Refused, Resolve, Send

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PATHS = ("/events", "/phone/events")
BEGIN = b"retry: 2000\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@cache
def hub() -> Hub:
    return Hub(settings.REDIS_URL)


def close() -> None:
    """End all streams of this process."""
    hub().close()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one stream until the browser goes or may listen no more."""
    hub().start()
    try:
        resolve, after = _asked(scope)
        audiences = await hub().resolve(resolve)
        if hub().closing:
            raise Refused(503)
    except Refused as refused:
        await _refuse(send, refused.status)
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BEGIN, "more_body": True})
    connection = Connection(send, resolve, audiences)
    hub().join(connection, after)
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    finally:
        hub().leave(connection)


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _asked(scope: Scope) -> tuple[Resolve, int | None]:
    """Who asks for what, and the last cursor they have seen. Raises Refused."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if scope["method"] != "GET":
        raise Refused(405)
    host, _ = split_domain_port(headers.get(b"host", ""))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        raise Refused(400)
    query = parse_qs(scope["query_string"].decode("latin-1"))
    seen = headers.get(b"last-event-id") or query.get("after", [""])[0]
    after = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 20 else None
    key = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    if scope["path"] == "/events":
        return partial(_supervisor if "supervise" in query else _agent, key), after
    number, customer = (query.get(name, [""])[0] for name in ("number", "customer"))
    return partial(_phone, key, number, customer), after


def _user(session_key: str) -> Any:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request)


def _agent(session_key: str) -> frozenset[str]:
    """The audiences of the agent logged in with this session. Runs in a thread."""
    close_old_connections()
    try:
        user = _user(session_key) if session_key else None
        if user is None or not user.is_authenticated:
            raise Refused(401)
        found = list(Extension.objects.filter(user_id=user.pk).values_list("pk", "queues"))
        if not found:
            raise Refused(403)
        queues = (live.queue_audience(queue) for _, queue in found if queue is not None)
        return frozenset([live.extension_audience(found[0][0]), *queues])
    finally:
        close_old_connections()


def _supervisor(session_key: str) -> frozenset[str]:
    """The audiences of everybody, for an agent who may supervise. Runs in a thread."""
    close_old_connections()
    try:
        user = _user(session_key) if session_key else None
        if user is None or not user.is_authenticated:
            raise Refused(401)
        if not user.has_perm("routing.supervise"):
            raise Refused(403)
        agents = Extension.objects.values_list("pk", flat=True)
        queues = Queue.objects.values_list("pk", flat=True)
        audiences = [*map(live.extension_audience, agents), *map(live.queue_audience, queues)]
        return frozenset([*audiences, live.SUPERVISORS])
    finally:
        close_old_connections()


def _phone(session_key: str, number: str, customer: str) -> frozenset[str]:
    """The audience of one virtual phone. Runs in a thread."""
    close_old_connections()
    try:
        if not settings.DEMO and not (session_key and _user(session_key).is_staff):
            raise Refused(403)
        sandbox = Number.objects.filter(channel__provider="sandbox")
        if not number.isdecimal() or not sandbox.filter(pk=int(number)).exists():
            raise Refused(404)
        try:
            address = fields.address(customer)
        except ValidationError:
            raise Refused(400) from None
        return frozenset([live.phone_audience(int(number), address)])
    finally:
        close_old_connections()
