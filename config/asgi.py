"""The front: event streams and webhooks natively, Django's pages through their WSGI application.

A Django request under ASGI costs ten times one under WSGI, so the pages run in threads. Behind a
proxy that sends the pages to ``web``, this application serves ``events`` alone.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from types import FrameType
from typing import Any
from wsgiref.util import FileWrapper

from a2wsgi import WSGIMiddleware
from django.conf import settings

from config.logs import HideTokens
from config.spooling import HungUp, Refused, Spool
from config.tuning import settle_in
from config.wsgi import application as django
from routing import webhooks
from routing.doors.openapi import socket
from routing.inbox import stream

BLOCK = 64 * 1024
FORM_BYTES = 1024 * 1024  # what a form may weigh beside its file


def _pages(environ: dict[str, Any], start_response: Any) -> Any:
    # Without it, files leave in pieces of 4 kB, each with a trip between thread and loop.
    environ["wsgi.file_wrapper"] = lambda file, _=BLOCK: FileWrapper(file, BLOCK)
    return django(environ, start_response)


logging.getLogger("uvicorn.error").addFilter(HideTokens())  # it names WebSockets by their address
pages = WSGIMiddleware(_pages, workers=8)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        stream.hub().start()
        await socket.application(scope, receive, send, stream.hub())
    elif scope["type"] == "http" and scope["path"] in stream.PATHS:
        await stream.application(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith(webhooks.ROOTS):
        await webhooks.asgi(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] == "/healthz":
        await _text(send, 200, "ok\n")  # also when every thread is busy
    elif scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        await _spooled(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def _spooled(scope: Any, receive: Any, send: Any) -> None:
    spool = Spool(receive)
    try:
        await spool.fill(settings.UPLOAD_MAX_BYTES + FORM_BYTES)
        await pages(scope, spool.receive, send)
    except Refused as refused:
        await _text(send, refused.status, str(refused))
    except HungUp:
        pass
    finally:
        spool.close()


async def _text(send: Any, status: int, said: str) -> None:
    body = said.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status >= 400:  # the rest of the body is not read
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    while (await receive())["type"] == "lifespan.startup":
        _end_streams_on_signal(asyncio.get_running_loop())
        settle_in()
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def _end_streams_on_signal(loop: asyncio.AbstractEventLoop) -> None:
    """A server waits for its open requests before it stops; a stream would never end by itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server = signal.getsignal(number)

        def stop(signum: int, frame: FrameType | None, server: Any = server) -> None:
            loop.call_soon_threadsafe(stream.close)
            if callable(server):
                server(signum, frame)

        with suppress(ValueError):  # not the main thread: whoever runs us handles signals
            signal.signal(number, stop)
