"""Files are lent out by link and by log-in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client

from ..factories import ExtensionFactory, MessageFactory, QueueFactory, SessionFactory
from .examples import HTML, PDF, PNG, SVG, body, path_of, store

pytestmark = pytest.mark.django_db


def test_a_link_gives_the_file_to_anyone(message):
    kept = store(message, "a b/ü.png", "image/png", PNG)
    response = Client().get(path_of(kept))
    assert response.status_code == 200
    assert body(response) == PNG
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("inline")
    assert Client().post(path_of(kept)).status_code == 405


@pytest.mark.parametrize(
    ("content", "claim", "served"),
    [
        (HTML, "text/html", "application/octet-stream"),
        (HTML, "image/png", "application/octet-stream"),
        (SVG, "image/svg+xml", "application/octet-stream"),
        (b"<x/>", "application/xhtml+xml", "application/octet-stream"),
        (b"alert(1)", "text/javascript", "application/octet-stream"),
        (PDF, "application/pdf", "application/pdf"),
        (
            b"PK\x03\x04",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "",
        ),
    ],
)
def test_only_safe_pictures_are_shown_in_place(message, content, claim, served):
    kept = store(message, "file", claim, content)
    response = Client().get(path_of(kept))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == served or claim
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_name_cannot_break_out_of_its_header(message):
    kept = store(message, 'a"; x=\r\nSet-Cookie: y=1.png', "image/png", PNG)
    response = Client().get(path_of(kept))
    assert response.status_code == 200
    assert "\n" not in response["Content-Disposition"]
    assert "set-cookie" not in response


def test_a_link_that_is_not_ours_is_not_found(message):
    kept = store(message, "a.png", "image/png", PNG)
    path = path_of(kept)
    token = path.split("/")[2]
    for other in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "WzEsMl0.abc", "..."):
        assert Client().get(f"/files/{other}/a.png").status_code == 404


def test_a_link_expires_and_says_so(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        path = path_of(store(message, "a.png", "image/png", PNG))
        clock.shift(timedelta(hours=71))
        assert Client().get(path).status_code == 200
        clock.shift(timedelta(hours=2))
        response = Client().get(path)
        assert response.status_code == 410
        assert "no longer available" in response.content.decode()


def test_a_link_never_outlives_its_file(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        kept = store(message, "a.png", "image/png", PNG)
        clock.shift(timedelta(hours=71))
        path = path_of(kept)  # would be good for 72 hours
        clock.shift(timedelta(hours=2))
        assert Client().get(path).status_code == 410


def test_a_file_lost_from_the_storage_is_not_found(message):
    kept = store(message, "a.png", "image/png", PNG)
    default_storage.delete(kept.file.name)
    assert Client().get(path_of(kept)).status_code == 404


def test_an_agent_sees_files_of_their_own_sessions_only():
    mine, other = ExtensionFactory(), ExtensionFactory()
    queue = QueueFactory(members=[mine])
    held = MessageFactory(session=SessionFactory(holder=mine))
    waiting = MessageFactory(session=SessionFactory(queue=queue))
    one, two = (store(each, "a.png", "image/png", PNG) for each in (held, waiting))

    def status(extension, attachment) -> int:
        client = Client()
        if extension:
            client.force_login(getattr(extension, "user", extension))
        return client.get(f"/files/{attachment.pk}/").status_code

    assert [status(mine, each) for each in (one, two)] == [200, 200]
    assert [status(other, each) for each in (one, two)] == [404, 404]
    assert [status(None, each) for each in (one, two)] == [302, 302]
    from django.contrib.auth.models import User

    nobody = User.objects.create_user("nobody")
    assert [status(nobody, each) for each in (one, two)] == [404, 404]
