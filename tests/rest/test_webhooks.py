"""Webhooks: what receivers are told, and what those that misbehave get and cost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db.models import Min
from django.utils import timezone

from routing import forwarding
from routing.forwarding import circuits, delivering, webhook
from routing.models import Circuit, Delivery, Door, PlatformEvent, Session, Webhook
from routing.models.webhooks import SECRET_PREFIX

from ..scene import Scene
from ..stories.vendor import Request, Response, Vendor
from .conftest import Api, service, token


@pytest.fixture(autouse=True)
def _quick(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(delivering, "SECONDS", 0.4)
    monkeypatch.setattr(delivering, "LOOK_AGAIN", 0.05)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as found:
        yield found


def deliver() -> int:
    forwarding.number_all()
    return forwarding.deliver_due()


def is_signed(request: Request, secret: str) -> bool:
    at = int(request.headers["webhook-timestamp"])
    right = webhook.sign(secret, request.headers["webhook-id"], at, request.body)
    return right in request.headers["webhook-signature"].split(" ")


def test_a_change_is_posted_and_signed(scene: Scene, shop: Api, vendor: Vendor) -> None:
    wanted = {"name": "CRM", "url": f"{vendor.url}/x", "events": ["message.received"]}
    made = shop.post("webhooks", wanted, 201)
    assert made["secret"].startswith(SECRET_PREFIX)
    session = scene.customer_writes("Grüezi 👋")
    assert deliver() == 1
    (request,) = vendor.requests
    said = request.json()
    assert (said["type"], said["message"]["text"]) == ("message.received", "Grüezi 👋")
    assert said["session"]["id"] == session.pk and said["id"] == request.headers["webhook-id"]
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60
    assert is_signed(request, made["secret"]) and not is_signed(request, "another")
    shown = shop.get(f"webhooks/{made['id']}")
    assert "secret" not in shown and shown["health"] == {"failures": 0, "broken_until": None}
    renewed = shop.post(f"webhooks/{made['id']}/secret")["secret"]
    scene.customer_writes("Again")
    deliver()
    assert is_signed(vendor.requests[1], made["secret"])
    assert is_signed(vendor.requests[1], renewed) and renewed != made["secret"]
    (last, _) = shop.get(f"webhooks/{made['id']}/deliveries")["results"]
    assert (last["status"], last["taken"], last["attempt"]) == (200, True, 1)
    assert last["event"] == vendor.requests[1].headers["webhook-id"]


def test_who_may_make_webhooks_and_of_what_they_are_told(
    scene: Scene, agent: Api, shop: Api, vendor: Vendor, settings
) -> None:
    wanted = {"name": "Mine", "url": vendor.url}
    assert agent.post("webhooks", wanted, 403)["code"] == "not_allowed"
    mine = shop.post("webhooks", wanted, 201)
    other = Api(service("Other", sender=scene.number)[1], scene)
    assert other.get(f"webhooks/{mine['id']}", 404)
    scene.first.user.is_superuser = True
    scene.first.user.save()
    assert [each["id"] for each in agent.get("webhooks")["results"]] == [mine["id"]]
    Door.objects.filter(name="Shop").update(active=False)
    scene.customer_writes()
    assert deliver() == 0  # its service is switched off
    assert other("patch", f"webhooks/{mine['id']}", {"active": False}).status_code == 404
    settings.ALLOW_PRIVATE_ADDRESSES = False
    for url in ("http://127.0.0.1/x", "http://[::1]/x", "ftp://example.com/", "http://10.0.0.1"):
        refused = other.post("webhooks", {"name": "x", "url": url}, 400)
        assert refused["errors"][0]["field"] == "url", url
    bad = other.post("webhooks", {"name": "x", "url": vendor.url, "events": ["no"]}, 400)
    assert bad["errors"][0]["field"].startswith("events")


def test_tests_and_replays(scene: Scene, shop: Api, vendor: Vendor) -> None:
    made = shop.post("webhooks", {"name": "CRM", "url": vendor.url}, 201)
    path = f"webhooks/{made['id']}"
    assert shop.post(f"{path}/test", expect=202) == {"events": 1}
    assert deliver() == 1 and vendor.requests[0].json()["type"] == "webhook.test"
    begin = timezone.now()
    scene.customer_writes()
    assert deliver() == 2
    first = [each.headers["webhook-id"] for each in vendor.requests[1:]]
    again = shop.post(f"{path}/replay", {"since": begin.isoformat()}, 202)
    assert again == {"events": 2} and deliver() == 2
    assert [each.headers["webhook-id"] for each in vendor.requests[3:]] == first
    newest = shop.get(f"{path}/deliveries")["results"][0]
    assert shop.post(f"{path}/deliveries/{newest['id']}/again", expect=202)
    assert shop.post(f"{path}/deliveries/{newest['id']}/again", expect=409)["code"] == "refused"
    assert deliver() == 1 and vendor.requests[-1].headers["webhook-id"] == newest["event"]
    assert shop("delete", path).status_code == 204
    assert not Webhook.objects.exists() and not PlatformEvent.objects.exists()


def test_one_that_says_gone_is_asked_no_more(scene: Scene, shop: Api, vendor: Vendor) -> None:
    shop.post("webhooks", {"name": "CRM", "url": vendor.url, "events": ["message.received"]}, 201)
    scene.customer_writes()
    vendor.answer = lambda request: Response("later", 404)
    deliver()
    event = PlatformEvent.objects.get()
    assert event.failed_at is None and event.due_at > timezone.now()
    vendor.answer = lambda request: Response("gone", 410)
    PlatformEvent.objects.update(due_at=timezone.now())
    deliver()
    assert PlatformEvent.objects.get().failed_at
    assert list(Delivery.objects.values_list("status", "said")) == [(410, "gone"), (404, "later")]


class Dripping:
    """A receiver that answers byte by byte, one every tenth of a second, for ever."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.asked += 1
            threading.Thread(target=self._drip, args=[connection], daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
        except OSError:
            connection.close()

    def close(self) -> None:
        self._socket.close()


def test_bad_receivers_get_everything_in_the_end_and_hold_up_nobody(
    scene: Scene, shop: Api
) -> None:
    """One fails, one hangs, one redirects to this machine, one drips; then all are well."""
    dripping = Dripping()
    with Vendor() as good, Vendor() as failing, Vendor() as hanging, Vendor() as turning:
        trap = f"{good.url}/trap"
        failing.answer = lambda request: Response(status=500)
        hanging.answer = lambda request: Response(delay=0.6)
        turning.answer = lambda request: Response(b"", 302, {"Location": trap})
        urls = {"good": good.url, "failing": failing.url, "hanging": hanging.url}
        urls |= {"turning": turning.url, "dripping": dripping.url}
        for name, url in urls.items():
            wanted = {"name": name, "url": f"{url}/", "events": ["message.received"]}
            shop.post("webhooks", wanted, 201)
        people = [f"+4179111000{n}" for n in range(4)]
        for n in range(12):
            scene.customer_writes(str(n), **{"from": people[n % 4]})
        start = timezone.now()
        with time_machine.travel(start, tick=True) as clock:
            deliver()
            assert texts(good) == [str(n) for n in range(12)]
            assert not good.requests_to("/trap")
            for minutes in (1, 5, 15, 30):
                clock.move_to(start + timedelta(minutes=minutes))
                deliver()
            assert 0 < dripping.asked <= 12
            for bad in (failing, hanging, turning):
                bad.answer = lambda request: Response({})
            Webhook.objects.get(name="dripping").point(f"{good.url}/no-longer-dripping")
            for hours in (2, 3, 4, 5, 6):
                clock.move_to(start + timedelta(hours=hours))
                deliver()
        assert not PlatformEvent.objects.filter(done_at=None).exists()
        for each in (failing, hanging, turning):
            assert_all_in_order(each)
        assert len(good.requests_to("/no-longer-dripping")) == 12
        assert len(good.requests_to("/")) == 12  # and once is enough for who is well
    dripping.close()


def texts(vendor: Vendor) -> list[str]:
    return [each.json()["message"]["text"] for each in vendor.requests if each.path == "/"]


def assert_all_in_order(vendor: Vendor) -> None:
    """Each event at least once; the last time of each is after those of earlier ones."""
    assert {each.json()["message"]["text"] for each in vendor.requests} == {
        str(n) for n in range(12)
    }
    for session in Session.objects.all():
        mine = [x for x in vendor.requests if x.json()["session_id"] == session.pk]
        found = [int(each.json()["message"]["text"]) for each in mine]
        assert found == sorted(found), found


def test_a_receiver_that_fails_again_and_again_is_left_alone(
    scene: Scene, shop: Api, vendor: Vendor
) -> None:
    vendor.answer = lambda request: Response(status=500)
    made = shop.post(
        "webhooks", {"name": "CRM", "url": vendor.url, "events": ["message.received"]}, 201
    )
    for n in range(30):
        scene.customer_writes(str(n), **{"from": f"+417911100{n:02}"})
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for n in range(25):
            clock.move_to(start + timedelta(seconds=60 * n))
            deliver()
        asked = len(vendor.requests)
        assert circuits.FREE_FAILURES < asked < 20
        health = shop.get(f"webhooks/{made['id']}")["health"]
        assert health["failures"] == asked and health["broken_until"]
        vendor.answer = lambda request: Response({})
        clock.move_to(Circuit.objects.get().broken_until + timedelta(seconds=1))
        deliver()
        assert Circuit.objects.get().failures == 0
        late = PlatformEvent.objects.filter(done_at=None).aggregate(at=Min("due_at"))["at"]
        for _ in range(4):
            clock.shift(3600)
            deliver()
    assert not PlatformEvent.objects.filter(done_at=None).exists(), late


def test_an_agent_who_is_an_administrator_makes_one_for_all(scene: Scene, vendor: Vendor) -> None:
    scene.first.user.is_superuser = True
    scene.first.user.save()
    api = Api(token(scene.first), scene)
    made = api.post("webhooks", {"name": "All", "url": vendor.url}, 201)
    scene.customer_writes()
    assert deliver() == 2
    changed = api("patch", f"webhooks/{made['id']}", {"events": ["session.closed"]})
    assert changed.json()["events"] == ["session.closed"]
    scene.customer_writes()
    assert deliver() == 0
