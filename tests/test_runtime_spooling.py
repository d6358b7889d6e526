"""Slow, endless and oversized requests hold up nobody else; tokens stay out of the log."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connections

from config import asgi, spooling
from config.logs import HideTokens

from .serving import serve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    with serve(asgi.application) as address:
        yield address


def begin(url: str, length: int, sent: bytes = b"") -> socket.socket:
    """A POST to a page that has begun, and not ended."""
    parts = urlsplit(url)
    line = socket.create_connection((parts.hostname, parts.port), timeout=10)
    line.sendall(
        b"POST /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (length, sent)
    )
    return line


def test_unfinished_requests_hold_up_no_page(url: str) -> None:
    lines = [begin(url, 1000, b"username=") for _ in range(24)]
    assert requests.get(f"{url}/login/", timeout=10).status_code == 200
    assert requests.get(f"{url}/healthz", timeout=10).text == "ok\n"
    for line in lines:
        line.close()


def test_a_request_that_stops_is_told_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "IDLE_SECONDS", 0.1)
    with begin(url, 1000, b"username=") as line:
        assert line.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_a_request_that_is_too_large_is_told_so(url: str, settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    body = b"x" * (asgi.FORM_BYTES + 2000)
    with begin(url, len(body), body) as line:
        assert b"413" in line.recv(1000)


def test_a_whole_form_reaches_its_page(url: str) -> None:
    with requests.Session() as browser:
        browser.get(f"{url}/login/", timeout=10)
        form = {
            "username": "nobody",
            "password": "wrong" * 40_000,  # more than stays in memory
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        answer = browser.post(f"{url}/login/", form, timeout=10)
    assert answer.status_code == 200
    assert "nobody" in answer.text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"Not Found: /api/v1.0/webhook/aspsms/{'0a' * 16}/dlr", "/webhook/aspsms/•••/dlr"),
        (f"Gone: /panel/tickets/incoming/smsapi/mms/{'0a' * 16}", "/incoming/smsapi/mms/•••"),
        (f"Forbidden: /x?secret={'0a' * 16}&a=1", "/x?secret=•••&a=1"),
        ("Gone: /files/WzEsMTc4.abcdef_-123/a.png", "/files/•••/a.png"),
        ("Not Found: /files/12/", "/files/12/"),
    ],
)
def test_tokens_stay_out_of_the_log(said: str, kept: str) -> None:
    word, _, path = said.partition(": ")
    record = logging.LogRecord("django.request", 30, "", 0, "%s: %s", (word, path), None)
    assert HideTokens().filter(record)
    assert kept in record.getMessage()
    assert "0a0a" not in record.getMessage()
    assert "WzEsMTc4" not in record.getMessage()
