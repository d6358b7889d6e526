"""Sent exactly once, however often the browser repeats it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from routing.models import Extension, Message, Session

from ..factories import SessionFactory
from .conftest import HTMX, logged_in

REPEATS = 20


@pytest.mark.skipif(connection.vendor != "postgresql", reason="one test database for all threads")
@pytest.mark.django_db(transaction=True)
def test_twenty_repeats_at_once_are_one_message(anna: Extension) -> None:
    session = SessionFactory(holder=anna)
    browsers = [logged_in(anna) for _ in range(REPEATS)]
    form = {"text": "Only once", "client_key": "the-same", "after": "0", "shown": ""}

    def post(number: int) -> int:
        try:
            address = f"/s/{session.pk}/write/"
            return browsers[number].post(address, form, headers=HTMX).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(REPEATS) as threads:
        assert set(threads.map(post, range(REPEATS))) == {200}
    assert Message.objects.filter(direction=Message.OUT).count() == 1
    assert Session.objects.count() == 1
