"""The providers' door, behind two kinds of server: a Django view, and a bare ASGI application.

The view serves wherever Django does. The ASGI application spares Django's request handling, which
is what a busy webhook's time mostly goes into; both call ``receive`` and its parts.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from providers.base import Reply, WebhookRequest

from .intake import BROKEN, NOT_FOUND, door_of, known, receive, visit
from .models import bulk
from .remote import remote_of

log = logging.getLogger(__name__)

#: Where webhooks live; the second for documentation that was written for that path.
ROOTS = ("/api/v1.0/webhook/", "/panel/tickets/incoming/")
_TOKEN = re.compile(r"[0-9a-f]{32}")
_PATH = re.compile(rf"{re.escape(ROOTS[0])}([a-z0-9_-]{{1,32}})/({_TOKEN.pattern})(?:/(.*))?")
_INCOMING = re.compile(rf"{ROOTS[1]}([a-z0-9_-]{{1,32}})(?:/(.*))?")


class Place(NamedTuple):
    """What an address says: whose webhook it is, and what the provider added."""

    provider: str
    token: str
    tail: str
    query: str


def place_of(path: str, query: str) -> Place | None:
    """The place an address leads to; None if it is no webhook's.

    Under the second root the secret part is the next in the path, or ``secret`` in the query, which
    the adapter then does not see.
    """
    if found := _PATH.fullmatch(path):
        return Place(*found.groups(default=""), query)
    if not (found := _INCOMING.fullmatch(path)):
        return None
    provider, rest = found.groups(default="")
    first, _, tail = rest.partition("/")
    if _TOKEN.fullmatch(first):
        return Place(provider, first, tail, query)
    pairs = query.split("&")
    secrets = [pair for pair in pairs if pair.startswith("secret=")]
    if not secrets or not _TOKEN.fullmatch(token := secrets[0].removeprefix("secret=")):
        return None
    pairs.remove(secrets[0])
    return Place(provider, token, rest.rstrip("/"), "&".join(pairs))


@csrf_exempt
def view(request: HttpRequest, **_: str) -> HttpResponse:
    """The webhook as a Django view."""
    place = place_of(request.path_info, request.META.get("QUERY_STRING", ""))
    if place is None:
        return HttpResponse(NOT_FOUND.body, status=NOT_FOUND.status, content_type="text/plain")
    reply = receive(
        place.provider,
        place.token,
        WebhookRequest(
            method=request.method or "POST",
            url=settings.PUBLIC_URL + request.get_full_path(),
            tail=place.tail,
            query=place.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(settings.WEBHOOK_MAX_BYTES + 1),
            remote=remote_of(
                request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
            ),
        ),
    )
    return HttpResponse(reply.body, content_type=reply.content_type, status=reply.status)


Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """The webhook as an ASGI application, for paths under ``ROOTS``."""
    reply = await _take(scope, receive)
    if reply is None:
        return  # the caller hung up before it had said everything
    body = reply.body.encode()
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _take(scope: Scope, receive: Receive) -> Reply | None:
    asked = scope["query_string"].decode("latin-1")
    place = place_of(scope["path"], asked)
    if place is None:
        return NOT_FOUND
    door = known(place.provider, place.token)
    if door is None:
        door = await asyncio.to_thread(bulk.mended, door_of, place.provider, place.token)
    if door is None:
        return NOT_FOUND  # before its body takes any memory
    body = await _body(receive)
    if body is None:
        return None
    headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]}
    path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
    request = WebhookRequest(
        method=scope["method"],
        url=f"{settings.PUBLIC_URL}{path}{'?' + asked if asked else ''}",
        tail=place.tail,
        query=place.query,
        headers=headers,
        body=body,
        remote=remote_of((scope.get("client") or [""])[0], headers.get("x-forwarded-for", "")),
    )
    try:
        if len(body) > 65_536:  # takes the time of many others
            visited = await asyncio.to_thread(visit, door, request)
        else:
            visited = visit(door, request)
        if visited.has_rest:
            await asyncio.to_thread(bulk.mended, visited.store_rest)
        await visited.letters_stored()
    except Exception:
        log.exception("A request to the webhook of %s could not be stored", place.provider)
        return BROKEN
    return visited.reply


async def _body(receive: Receive) -> bytes | None:
    """The body, cut off just beyond the limit; None if the caller hung up."""
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        if size <= settings.WEBHOOK_MAX_BYTES:
            parts.append(event.get("body", b""))
            size += len(parts[-1])
        if not event.get("more_body"):
            return b"".join(parts)
