"""Alerts: what an agent is told, and the browsers that are told while no page is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from routing import live, presence, pushing
from routing.models import AgentSettings, Extension, PushSubscription, Queue, Session
from routing.pushing import bell

from ..factories import SessionFactory
from ..receiver import Receiver
from ..scene import Scene, build
from ..stories.vendor import Response
from .conftest import logged_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ready(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(bell, "_quiet_until", 0.0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def subscribe(client: Client, receiver: Receiver, path: str = "/one") -> Any:
    return client.post("/push/", receiver.subscription(path), headers={"HX-Request": "true"})


def unread(holder: Extension, queue: Queue, **more: Any) -> Session:
    return SessionFactory(holder=holder, queue=queue, unread=1, last_text="Where is it?", **more)


def test_a_browser_is_told_in_its_own_cipher(
    browser: Client, anna: Extension, queue: Queue, receiver: Receiver
) -> None:
    assert subscribe(browser, receiver).status_code == 204
    session = unread(anna, queue)
    assert pushing.push([session.pk]) == 1
    [told] = receiver.told()
    assert told == {
        "title": str(session.customer),
        "body": "Where is it?",
        "tag": f"s{session.pk}",
        "url": f"/s/{session.pk}/",
    }
    [request] = receiver.requests
    assert request.headers["topic"] == f"s{session.pk}"  # a later one takes its place
    assert b"Where" not in request.body


def test_without_preview_nothing_of_the_customer_leaves(
    browser: Client, anna: Extension, queue: Queue, receiver: Receiver
) -> None:
    AgentSettings.objects.create(extension=anna, preview=False)
    subscribe(browser, receiver)
    session = unread(anna, queue)
    pushing.push([session.pk])
    [told] = receiver.told()
    assert (told["title"], told["body"]) == ("Parley", "A new message")
    shown = text(browser.get(f"/alerts/{session.pk}/"))
    assert "Where" not in shown and session.customer.address not in shown


@pytest.mark.parametrize(
    ("chosen", "told"),
    [("all", ["mine", "waiting"]), ("mine", ["mine"]), ("unassigned", ["waiting"])],
)
def test_only_what_the_agent_chose(
    browser: Client, anna: Extension, queue: Queue, receiver: Receiver, chosen: str, told: list[str]
) -> None:
    AgentSettings.objects.create(extension=anna, alert_for=chosen)
    subscribe(browser, receiver)
    sessions = {"mine": unread(anna, queue), "waiting": unread(None, queue)}
    pushing.push([each.pk for each in sessions.values()])
    expected = {f"s{sessions[name].pk}" for name in told}
    assert {each["tag"] for each in receiver.told()} == expected
    statuses = {x: browser.get(f"/alerts/{s.pk}/").status_code for x, s in sessions.items()}
    assert statuses == {name: 200 if name in told else 204 for name in sessions}


def test_nobody_is_told_of_what_is_not_theirs_or_was_seen(
    browser: Client, anna: Extension, ben: Extension, queue: Queue, receiver: Receiver
) -> None:
    subscribe(browser, receiver)
    theirs, seen = unread(ben, queue), SessionFactory(holder=anna, queue=queue, unread=0)
    watched = unread(None, queue)
    presence.move((anna.pk, anna.name), "tab", watched.pk)
    assert pushing.push([theirs.pk, seen.pk, watched.pk]) == 0
    assert receiver.requests == []
    assert browser.get(f"/alerts/{theirs.pk}/").status_code == 404
    assert browser.get(f"/alerts/{seen.pk}/").status_code == 204


def test_a_browser_that_is_gone_is_forgotten(
    browser: Client, anna: Extension, ben: Extension, queue: Queue, receiver: Receiver
) -> None:
    subscribe(browser, receiver, "/gone")
    subscribe(logged_in(ben), receiver, "/busy")
    statuses = {"/gone": 410, "/busy": 503}
    receiver.answer = lambda request: Response(b"", status=statuses[request.path])
    pushing.push([unread(None, queue).pk])
    assert PushSubscription.objects.get().extension == ben


def test_logging_out_ends_it_and_another_agent_may_use_the_browser(
    browser: Client, anna: Extension, ben: Extension, receiver: Receiver
) -> None:
    form = receiver.subscription()
    browser.post("/push/", form)
    other = logged_in(ben)
    other.post("/push/", form)
    assert PushSubscription.objects.get().extension == ben
    browser.post("/logout/")
    assert PushSubscription.objects.count() == 1  # it is Ben's by now
    other.post("/logout/")
    assert not PushSubscription.objects.exists()


def test_an_agent_has_no_end_of_browsers(browser: Client, receiver: Receiver) -> None:
    for n in range(PushSubscription.MOST + 2):
        subscribe(browser, receiver, f"/{n}")
    assert PushSubscription.objects.count() == PushSubscription.MOST
    assert not PushSubscription.objects.filter(endpoint__endswith="/0").exists()
    newest = PushSubscription.objects.latest("at").endpoint
    browser.post("/push/stop/", {"endpoint": newest})
    assert not PushSubscription.objects.filter(endpoint=newest).exists()


@pytest.mark.parametrize(
    "endpoint",
    ["https://127.0.0.1/x", "http://push.example/x", "https://[::1]/x", "ftp://x/", "nonsense"],
)
def test_nobody_makes_us_call_inside(
    browser: Client, receiver: Receiver, settings: Any, endpoint: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    form = receiver.subscription() | {"endpoint": endpoint}
    assert browser.post("/push/", form).status_code == 422


def test_the_way_out_is_guarded_too(
    browser: Client, anna: Extension, queue: Queue, receiver: Receiver, settings: Any
) -> None:
    subscribe(browser, receiver)
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert pushing.push([unread(anna, queue).pk]) == 0
    assert receiver.requests == []


@pytest.mark.usefixtures("inline")
def test_a_customers_message_rings_once_and_only_where_somebody_listens(
    receiver: Receiver, redis_server: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(bell.current_app, "send_task", lambda name, **_: calls.append(name))
    scene: Scene = build()
    scene.customer_writes("Nobody listens")
    assert bell.PUSH not in calls and not redis_server.exists("parley:push")
    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    subscribe(logged_in(scene.first), receiver)
    session = scene.customer_writes("Hello")
    scene.customer_writes("Hello?")
    assert calls.count(bell.PUSH) == 1
    assert pushing.rung() == [session.pk] and pushing.rung() == []
    assert live.CURSOR.encode() in redis_server.keys("parley:*")


def test_the_worker_keeps_the_shell_and_nothing_else(client: Client) -> None:
    worker = client.get("/worker.js")
    said = text(worker)
    assert worker["Content-Type"] == "text/javascript"
    assert 'OFFLINE = "/offline/"' in said and '[OFFLINE, "/static/inbox/inbox.css"' in said
    assert "worker-src 'self'" in worker["Content-Security-Policy"]
    offline = client.get("/offline/")
    assert offline.status_code == 200 and "No connection" in text(offline)
