"""Serves an ASGI application to real HTTP clients from within the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from .stories.system import free_port


@contextmanager
def serve(application: Callable[..., Any]) -> Iterator[str]:
    """The application's address, for as long as the context lasts."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            port=port,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until the condition holds; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
