"""What is read and done by the REST API, by agents and by services."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing import campaigns, files
from routing.models import HourCount, Message, Queue, Rule, Session

from ..factories import ExtensionFactory, MessageFactory, NumberFactory, RuleFactory, SessionFactory
from ..files.examples import store
from ..scene import CUSTOMER, OURS, Scene
from .conftest import Api, service, token

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
OTHER = "+41791119999"


def test_an_agent_sees_what_the_inbox_shows_and_nothing_else(scene: Scene, agent: Api) -> None:
    mine = scene.customer_writes("Mine")
    others = SessionFactory(holder=scene.second)
    note = MessageFactory(session=others)
    assert [each["id"] for each in agent.get("sessions")["results"]] == [mine.pk]
    shown = agent.get(f"sessions/{mine.pk}")
    assert shown["state"] == "waiting" and shown["customer"]["address"] == CUSTOMER
    assert [m["text"] for m in agent.get(f"sessions/{mine.pk}/messages")["results"]] == ["Mine"]
    assert len(agent.get("messages")["results"]) == 1
    assert [c["address"] for c in agent.get("customers")["results"]] == [CUSTOMER]
    for path in (f"sessions/{others.pk}", f"messages/{note.pk}", f"customers/{others.customer_id}"):
        assert agent.get(path, 404)["code"] == "not_found"
    for path in ("transfer", "close", "pick-up"):
        assert agent.post(f"sessions/{others.pk}/{path}", {"queue": 1}, 404)
    refused = agent.post("messages", {"session": others.pk, "text": "Hi"}, 400)
    assert refused["errors"][0]["field"] == "session"


def test_an_agent_picks_up_answers_transfers_and_closes(scene: Scene, agent: Api) -> None:
    session = scene.customer_writes()
    assert agent.post(f"sessions/{session.pk}/pick-up")["holder"]["number"] == "1001"
    sent = agent.post("messages", {"session": session.pk, "text": " Grüezi 👋"}, 201)
    assert (sent["status"], sent["recipient"], sent["author"]["name"]) == (
        "queued",
        CUSTOMER,
        "Anna",
    )
    note = agent.post(f"sessions/{session.pk}/notes", {"text": "@Ben, look"}, 201)
    assert note["direction"] == "system"
    moved = agent.post(f"sessions/{session.pk}/transfer", {"extension": scene.second.pk})
    assert moved["holder"]["name"] == "Ben"
    ben = Api(token(scene.second), scene)
    assert ben.post(f"sessions/{session.pk}/close")["state"] == "closed"
    assert ben.post(f"sessions/{session.pk}/close", expect=409)["code"] == "session_closed"
    again = ben.post("messages", {"session": session.pk, "text": "x"}, 409)
    assert again["code"] == "session_closed"


def test_who_comes_second_is_told(scene: Scene, agent: Api) -> None:
    session = scene.customer_writes()
    ben = Api(token(scene.second), scene)
    tag = ben("get", f"sessions/{session.pk}")["ETag"]
    agent.post(f"sessions/{session.pk}/pick-up")
    assert ben.post(f"sessions/{session.pk}/pick-up", expect=404)
    answer = agent("post", f"sessions/{session.pk}/close", **{"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "changed_meanwhile")
    fresh = agent("get", f"sessions/{session.pk}")
    same = agent("get", f"sessions/{session.pk}", **{"If-None-Match": fresh["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert agent.post(f"sessions/{session.pk}/close", **{"If-Match": fresh["ETag"]})


def test_an_agent_begins_a_session_only_where_they_may(scene: Scene, agent: Api) -> None:
    sent = agent.post("messages", {"to": "079 111 99 99", "text": "Hi"}, 409)
    assert "country code" in sent["detail"]
    sent = agent.post("messages", {"to": OTHER, "from": OURS, "text": "Hi"}, 201)
    assert Session.objects.get(pk=sent["session"]).holder == scene.first
    other = NumberFactory(channel=scene.channel)
    RuleFactory(number=other)
    wanted = {"to": OTHER, "from": other.value, "text": "Hi"}
    assert agent.post("messages", wanted, 403)["code"] == "not_your_number"


def test_a_service_sends_transfers_and_closes(scene: Scene, shop: Api) -> None:
    sent = shop.post("messages", {"to": OTHER, "text": "Your parcel is here.", "bulk": True}, 201)
    assert sent["bulk"] and sent["author"] is None
    session = sent["session"]
    moved = shop.post(f"sessions/{session}/transfer", {"extension": scene.second.pk})
    assert moved["holder"]["name"] == "Ben"
    assert shop.post("messages", {"session": session, "text": "Once more."}, 201)
    line = Message.objects.filter(session=session, event="transferred").get()
    assert line.text == "Shop transferred to Ben" and line.author is None
    assert shop.post(f"sessions/{session}/close")["closed_at"]
    for path, body in (("pick-up", None), ("notes", {"text": "x"})):
        assert shop.post(f"sessions/{session}/{path}", body, 403)["code"] == "not_allowed"


def test_a_service_keeps_to_its_numbers(scene: Scene, shop: Api) -> None:
    theirs = NumberFactory(channel=scene.channel)
    Rule.objects.create(number=theirs, queue=scene.queue)
    bound = Api(service("Bound", sender=theirs)[1], scene)
    foreign = scene.customer_writes("To the other number")
    assert bound.get("sessions")["results"] == []
    assert bound.get("messages")["results"] == []
    assert bound.get(f"sessions/{foreign.pk}", 404)
    assert [n["value"] for n in bound.get("numbers")["results"]] == [theirs.value]
    wanted = {"to": OTHER, "from": OURS, "text": "Hi"}
    assert bound.post("messages", wanted, 403)["code"] == "not_your_number"
    assert bound.post("messages", {"session": foreign.pk, "text": "Hi"}, 400)
    assert bound.post("messages", {"to": OTHER, "text": "Hi"}, 201)["sender"] == theirs.value
    assert len(shop.get("sessions")["results"]) == 2


def test_a_message_is_taken_back_or_tried_again(scene: Scene, agent: Api, shop: Api) -> None:
    for api in (agent, shop):
        to = OTHER if api is agent else "+41791118888"
        sent = api.post("messages", {"to": to, "from": OURS, "text": "Oops"}, 201)
        back = api.post(f"messages/{sent['id']}/cancel")
        assert (back["status"], back["reason"]) == ("failed", "Taken back before it left.")
        assert api.post(f"messages/{sent['id']}/cancel", expect=409)["code"] == "too_late"
        assert api.post(f"messages/{sent['id']}/retry")["status"] == "queued"
        assert api.post(f"messages/{sent['id']}/retry", expect=409)["code"] == "refused"


def test_files_go_up_and_come_down(scene: Scene, agent: Api, shop: Api, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    session = scene.customer_writes()
    upload = Client().post(
        "/api/v1/files",
        {"file": SimpleUploadedFile("a.png", PNG, "image/png")},
        headers={"Authorization": f"Bearer {agent.key}"},
    )
    assert upload.status_code == 201, upload.content
    wanted = {"session": session.pk, "text": "Look", "files": [upload.json()["id"]]}
    assert shop.post("messages", wanted, 400)["errors"][0]["field"] == "files.0"
    sent = agent.post("messages", wanted, 201)
    (file,) = sent["files"]
    assert (file["name"], file["content_type"]) == ("a.png", "image/png")
    answer = agent("get", f"files/{file['id']}")
    assert b"".join(answer.streaming_content) == PNG
    foreign = store(MessageFactory(), "b.png", "image/png", PNG)
    assert agent.get(f"files/{foreign.pk}", 404)
    Client().post("/api/v1/files", {}, headers={"Authorization": f"Bearer {agent.key}"})


def test_pages_filters_and_their_mistakes(scene: Scene, shop: Api) -> None:
    sessions = [SessionFactory(number=scene.number) for _ in range(5)]
    first = shop.get("sessions", limit=2)
    assert [each["id"] for each in first["results"]] == [s.pk for s in sessions[:2:-1]]
    second = Client().get(first["next"], headers={"Authorization": f"Bearer {shop.key}"}).json()
    assert [each["id"] for each in second["results"]] == [s.pk for s in sessions[2:0:-1]]
    Session.objects.filter(pk=sessions[0].pk).update(closed_at=datetime.now(UTC))
    closed = shop.get("sessions", state="closed")["results"]
    assert [each["id"] for each in closed] == [sessions[0].pk]
    assert len(shop.get("sessions", state="waiting")["results"]) == 4
    assert shop.get("sessions", state="held")["results"] == []
    assert shop.get("sessions", 400, cursor="nonsense")["code"] == "bad_cursor"
    wrong = shop.get("sessions", 400, state="gone", channel="x")
    assert {each["field"] for each in wrong["errors"]} == {"state", "channel"}
    assert shop.get("messages", 400, status="nice")["code"] == "invalid"


def test_channels_and_queues_are_changed_by_those_who_may(
    scene: Scene, agent: Api, shop: Api
) -> None:
    path = f"channels/{scene.channel.pk}"
    assert agent("patch", path, {"paused": True}).json()["code"] == "not_allowed"
    scene.first.user.user_permissions.add(Permission.objects.get(codename="change_channel"))
    assert agent("patch", path, {"paused": True, "name": "x"}).json()["status"] == "paused"
    scene.channel.refresh_from_db()
    assert scene.channel.paused and scene.channel.name == "Virtual phone"
    made = shop.post("queues", {"name": "Sales", "members": [scene.second.pk]}, 201)
    assert made["members"][0]["name"] == "Ben"
    assert shop.post("queues", {"name": "Sales"}, 400)["errors"][0]["code"] == "unique"
    changed = shop("patch", f"queues/{made['id']}", {"pickup": "auto", "members": []})
    assert changed.json()["members"] == []
    assert Queue.objects.get(name="Sales").pickup == "auto"
    customer = SessionFactory(number=scene.number).customer
    assert shop("patch", f"customers/{customer.pk}", {"name": "Ann"}).json()["name"] == "Ann"


def test_statistics_are_sums_of_hours(scene: Scene, agent: Api, shop: Api) -> None:
    for hour in (1, 2):
        at = datetime(2026, 3, 1, hour, tzinfo=UTC)
        HourCount.objects.create(channel=scene.channel, hour=at, sent=5, delivered=hour)
    span = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
    (day,) = shop.get("statistics", **span)["results"]
    assert (day["sent"], day["delivered"], day["channel"]["name"]) == (10, 3, "Virtual phone")
    assert len(shop.get("statistics", **span, interval="hour")["results"]) == 2
    assert shop.get("statistics", 400, since="2026-03-02T00:00:00Z", until="2020-03-02T00:00:00Z")
    assert agent.get("statistics", 403)["code"] == "not_allowed"


def test_mistakes_are_problems(scene: Scene, shop: Api) -> None:
    wrong = shop.post("messages", {"text": 5, "files": ["x"], "session": "y"}, 400)
    assert wrong["type"] == "urn:parley:problem:invalid" and wrong["status"] == 400
    assert {each["field"] for each in wrong["errors"]} == {"files.0", "session"}
    answer = Client().post(
        "/api/v1/messages",
        b"{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {shop.key}"},
    )
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_json"
    assert shop("put", "sessions").json()["code"] == "wrong_method"
    assert shop.get("nothing", 404)["code"] == "not_found"
    form = Client().post("/api/v1/messages", {}, headers={"Authorization": f"Bearer {shop.key}"})
    assert form.json()["code"] == "wrong_type"
    accept = shop("get", "sessions", Accept="text/html").json()
    assert accept["code"] == "not_acceptable"


@pytest.mark.parametrize(
    "path", ["sessions", "messages", "customers", "numbers", "channels", "queues", "extensions"]
)
def test_lists_cost_the_same_however_long_they_are(
    scene: Scene, agent: Api, shop: Api, path: str
) -> None:
    def grow() -> None:
        number = NumberFactory()
        RuleFactory(number=number, queue=scene.queue)
        session = SessionFactory(number=number, queue=scene.queue)
        message = MessageFactory(
            session=session, author=ExtensionFactory(number=str(9000 + number.pk))
        )
        files.keeping.Attachment.objects.create(message=message, name="a", content_type="a/b")
        Queue.objects.create(name=f"Q{number.pk}").members.set([scene.first])

    def cost(api: Api) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            api.get(path)
        return len(found)

    grow()
    for api in (agent, shop):
        api.get(path)
        few = cost(api)
        for _ in range(4):
            grow()
        assert cost(api) == few <= 8, path


def test_a_campaign_is_made_started_and_stopped(scene: Scene, agent: Api, shop: Api) -> None:
    wanted = {"name": "May", "from": OURS, "text": "Hi {{name}}"}
    wanted["recipients"] = "number,name\n+41791110001,Ann\n+41791110002,\nnobody,Ben\n"
    assert agent.post("campaigns", wanted, 403)["code"] == "not_allowed"
    assert shop.post("campaigns", {**wanted, "from": "+1"}, 403)["code"] == "not_your_number"
    named = {"Idempotency-Key": "may"}
    made = shop.post("campaigns", wanted, 201, **named)
    assert made["state"] == "draft" and shop.post("campaigns", wanted, 201, **named) == made
    path = f"campaigns/{made['id']}"
    assert shop.post(f"{path}/start", expect=409)["code"] == "refused"
    while campaigns.read_some():
        pass
    while campaigns.check_some():
        pass
    shown = shop.get(path)
    assert shown["checked"] and shown["counts"]["waiting"] == 1
    rows = shop.get(f"{path}/recipients")["results"]
    assert [(row["given"], row["state"], row["reason"]) for row in rows] == [
        ("+41791110001", "waiting", ""),
        ("+41791110002", "left_out", "variable"),
        ("nobody", "left_out", "invalid"),
    ]
    assert shop.post(f"{path}/start")["state"] == "running"
    assert shop.post(f"{path}/pause")["state"] == "paused"
    assert shop.post(f"{path}/resume")["state"] == "running"
    assert shop.post(f"{path}/stop")["state"] == "stopped"
    assert [each["name"] for each in shop.get("campaigns")["results"]] == ["May"]
