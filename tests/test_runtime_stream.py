"""Nudges reach the browsers of those they are for, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.test import Client

from config import asgi, embedded
from routing import live
from routing.inbox import hub as hubs
from routing.inbox import stream

from . import factories
from .serving import serve, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The front, with a hub of its own."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    stream.hub.cache_clear()
    with serve(asgi.application) as address:
        yield address
        stream.hub().closing = True  # the loop is another thread's; it ends with the server
    stream.hub.cache_clear()


class Browser:
    """An event stream, read event by event. ``next()`` is (event name, JSON, id)."""

    def __init__(self, url: str, user: Any = None, **options: Any) -> None:
        cookies = {}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies = {django_settings.SESSION_COOKIE_NAME: client.cookies["sessionid"].value}
        self.answer = requests.get(url, stream=True, timeout=10, cookies=cookies, **options)
        self.lines = self.answer.iter_lines(chunk_size=1)
        self.status = self.answer.status_code
        if self.status == 200:
            assert next(self.lines) == b"retry: 2000"

    def next(self) -> tuple[str, Any, str]:
        """The next event; StopIteration if the stream ended."""
        fields: dict[str, str] = {}
        while True:
            line = next(self.lines).decode()
            if not line and "data" in fields:
                return (
                    fields.get("event", "message"),
                    json.loads(fields["data"]),
                    fields.get("id", ""),
                )
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value

    def heard(self) -> Any:
        """The JSON of the next ordinary event."""
        while (event := self.next())[0] != "message":
            pass
        return event[1]


def subscribed() -> None:
    """Wait until this process listens to Redis."""
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        until(lambda: dict(client.pubsub_numsub(live.CHANNEL))[live.CHANNEL.encode()])


def test_only_agents_may_listen(url: str) -> None:
    assert Browser(f"{url}/events").status == 401
    assert Browser(f"{url}/events", factories.User()).status == 403
    assert Browser(f"{url}/events", factories.ExtensionFactory().user).status == 200
    assert requests.post(f"{url}/events", timeout=10).status_code == 405
    foreign = requests.get(f"{url}/events", headers={"Host": "foreign.example"}, timeout=10)
    assert foreign.status_code == 400


def test_an_agent_hears_their_own_nudges_and_their_queues_but_no_others(url: str) -> None:
    anna, ben = factories.ExtensionFactory(), factories.ExtensionFactory()
    mine, other = factories.QueueFactory(members=[anna]), factories.QueueFactory(members=[ben])
    browser = Browser(f"{url}/events", anna.user)
    subscribed()
    live.nudge([live.extension_audience(ben.pk), live.queue_audience(other.pk)], session=1)
    live.nudge([live.extension_audience(anna.pk), live.queue_audience(mine.pk)], session=2)
    live.nudge_many([([live.queue_audience(mine.pk)], {"session": 3})])
    assert [browser.heard(), browser.heard()] == [{"session": 2}, {"session": 3}]


def test_leaving_a_queue_ends_its_nudges_at_once(url: str) -> None:
    anna = factories.ExtensionFactory()
    queue = factories.QueueFactory(members=[anna])
    browser = Browser(f"{url}/events", anna.user)
    subscribed()
    queue.members.remove(anna)
    live.nudge([live.extension_audience(anna.pk)], who=True)
    assert browser.heard() == {"who": True}
    [connection] = stream.hub()._connections
    until(lambda: connection.audiences == {live.extension_audience(anna.pk)})
    live.nudge([live.queue_audience(queue.pk)], session=1)
    live.nudge([live.extension_audience(anna.pk)], session=2)
    assert browser.heard() == {"session": 2}


def test_a_stream_ends_when_the_login_does(url: str) -> None:
    anna = factories.ExtensionFactory()
    browser = Browser(f"{url}/events", anna.user)
    subscribed()
    SessionStore().model.objects.all().delete()
    live.nudge([live.extension_audience(anna.pk)], who=True)
    assert browser.heard() == {"who": True}
    with pytest.raises(StopIteration):
        browser.next()


def test_a_browser_that_comes_back_hears_what_it_missed(url: str) -> None:
    anna = factories.ExtensionFactory()
    first = Browser(f"{url}/events", anna.user)
    subscribed()
    audience = [live.extension_audience(anna.pk)]
    live.nudge(audience, session=1)
    while (event := first.next())[0] != "message":
        pass
    first.answer.close()
    live.nudge(["extension:0"], session=2)
    live.nudge(audience, session=3)
    again = Browser(f"{url}/events", anna.user, headers={"Last-Event-ID": event[2]})
    assert again.next() == ("message", {"session": 3}, str(int(event[2]) + 2))
    late = Browser(f"{url}/events?after=999999", anna.user)
    assert late.next()[0] == "refetch"


def test_browsers_look_again_after_redis_was_emptied_or_restarted(
    url: str, valkey: embedded.Valkey, redis_server: redis.Redis
) -> None:
    anna = factories.ExtensionFactory()
    audience = [live.extension_audience(anna.pk)]
    browser = Browser(f"{url}/events", anna.user)
    subscribed()
    live.nudge(audience, session=1)
    assert browser.heard() == {"session": 1}

    redis_server.flushall()
    live.nudge(audience, session=2)
    assert browser.next()[0] == "refetch"
    assert browser.heard() == {"session": 2}

    valkey.stop()
    live.nudge(audience, session=3)  # nobody hears it, and nobody fails
    folder = django_settings.DATA_DIR / "valkey"
    valkey.process = embedded.start(folder, valkey.socket, keep=False).process
    assert browser.next()[0] == "refetch"


def test_a_quiet_stream_is_kept_alive(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "HEARTBEAT_SECONDS", 0.1)
    browser = Browser(f"{url}/events", factories.ExtensionFactory().user)
    while next(browser.lines) != b"event: beat":
        pass


def test_the_virtual_phone_hears_only_its_own_conversation(url: str, settings: Any) -> None:
    number = factories.NumberFactory()
    address = f"{url}/phone/events?number={number.pk}&customer=%2B41791112233"
    assert Browser(address).status == 403
    settings.DEMO = True
    browser = Browser(address)
    subscribed()
    live.nudge([live.phone_audience(number.pk, "+41790000000")], message=1)
    live.nudge([live.phone_audience(number.pk, "+41791112233")], message=2)
    assert browser.heard() == {"message": 2}
    assert Browser(f"{url}/phone/events?number=999&customer=1").status == 404
    real = factories.NumberFactory(channel__provider="aspsms")
    assert Browser(f"{url}/phone/events?number={real.pk}&customer=1").status == 404


def test_a_browser_that_does_not_read_is_told_to_look_again_once() -> None:
    async def story() -> list[bytes]:
        gate, written = asyncio.Event(), []

        async def send(message: Any) -> None:
            await gate.wait()
            written.append(message["body"])

        connection = hubs.Connection(send, frozenset, frozenset())
        connection.push(b"first")
        await asyncio.sleep(0)
        for _ in range(hubs.BACKLOG + 1):
            connection.push(b"more")
        gate.set()
        while connection.writer:
            await asyncio.sleep(0)
        return written

    assert asyncio.run(story()) == [b"first", hubs.REFETCH]


def test_a_nudge_without_redis_fails_nobody_and_costs_nothing_for_a_while(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    live._publisher.cache_clear()
    try:
        live.nudge(["extension:1"], session=1)
        live.nudge(["extension:1"], session=2)
    finally:
        live._publisher.cache_clear()
    assert len(caplog.records) == 1
