"""Sessions and messages by the Open API: listed, written in, handed over, put away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from channels_app.models import Template
from routing import desk, files
from routing.desk import platforms
from routing.models import Door, Extension, Message, PlatformEvent, Queue, Session

from ..factories import ChannelFactory, MessageFactory, NumberFactory, RuleFactory, SessionFactory
from ..scene import CUSTOMER, OURS, Scene, build
from .caller import DENIED, NOT_DONE, NOT_FOUND, OK, TOO_MANY, Caller, code, crm, fields

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]
OF_PLATFORM: dict[str, Any] = {"user_type": 9, "page_size": 20}
NORMAL: dict[str, Any] = {"msg_kind": 0, "msg_type": 0}


@pytest.fixture
def house() -> Scene:
    return build()


@pytest.fixture
def door(house: Scene) -> Door:
    """Numbers lead to it."""
    made = crm()
    rule = house.number.rule
    rule.queue, rule.platform = None, made.receiver
    rule.save()
    return made


@pytest.fixture
def caller(door: Door) -> Caller:
    found = Caller()
    found.log_in()
    return found


def of(extension: Extension, **more: Any) -> dict[str, Any]:
    return {"user_type": 1, "user_no": extension.number, "page_size": 20, **more}


# --- lists --------------------------------------------------------------------------------------


def test_the_platforms_sessions_are_listed(house: Scene, caller: Caller) -> None:
    session = house.customer_writes("Hello")
    found = caller.get("message_session/list", **OF_PLATFORM)
    assert code(found) == OK
    (row,) = found["list"]
    assert row["to"]["user_no"] == CUSTOMER and row["to"]["user_type"] == 2
    assert row == {
        "id": session.pk,
        "type": "sms",
        "is_close": 0,
        "is_archived": 0,
        "to": row["to"],
        "from": row["from"],
        "expire": -1,
        "did_number": OURS,
        "last_msg_id": session.messages.get().pk,
        "queue_id": 0,
        "pickup_member_id": 0,
    }
    assert caller.get("message_session/list", **of(house.first))["list"] == []


def test_pages_go_on_after_the_last_message_of_the_page_before(
    house: Scene, caller: Caller
) -> None:
    sessions = [house.customer_writes(**{"from": f"+4178000000{n}"}) for n in range(5)]
    platforms.close(Door.objects.get(), sessions[2])  # its line is no message
    seen: list[int] = []
    query = {**OF_PLATFORM, "page_size": 2}
    while rows := caller.get("message_session/list", **query)["list"]:
        seen += [row["id"] for row in rows]
        query["first_msg_id"] = rows[-1]["last_msg_id"]
    assert seen == [session.pk for session in reversed(sessions)]
    assert code(caller.get("message_session/list", **{**query, "first_msg_id": 99999})) == NOT_FOUND


def test_flags_and_words_choose_among_them(house: Scene, caller: Caller) -> None:
    kept, closed, away = (house.customer_writes(**{"from": f"+4178000000{n}"}) for n in range(3))
    assert code(caller.post("message_session/close", session_id=closed.pk)) == OK
    archived = {"session_id": away.pk, "user_type": 9, "user_no": "api"}
    assert code(caller.post("message_session/archive", **archived)) == OK

    def listed(**query: Any) -> set[int]:
        found = caller.get("message_session/search", **OF_PLATFORM, **query)
        return {row["id"] for row in found["list"]}

    everything = {kept.pk, closed.pk, away.pk}
    assert listed() == listed(is_closed=2, is_archived=2, is_pickup=0) == everything
    assert listed(is_closed=1) == {closed.pk} and listed(is_closed=0) == {kept.pk, away.pk}
    assert listed(is_archived=1) == {away.pk} and listed(is_archived=0) == {kept.pk, closed.pk}
    assert listed(is_pickup=1) == set() and listed(is_pickup=2) == everything
    assert listed(search_value="0000001") == {closed.pk}
    assert code(caller.post("message_session/unarchive", **archived)) == OK
    assert listed(is_archived=1) == set()


def test_an_agents_list_is_what_the_agent_sees(house: Scene) -> None:
    crm()
    caller = Caller()
    caller.log_in()
    session = house.customer_writes()
    for agent in (house.first, house.second):
        (row,) = caller.get("message_session/list", **of(agent))["list"]
        assert (row["queue_id"], row["pickup_member_id"]) == (house.queue.pk, 0)
    desk.pick_up(house.first, session)
    (row,) = caller.get("message_session/list", **of(house.first, is_pickup=1))["list"]
    assert row["pickup_member_id"] == house.first.pk
    assert row["from"]["user_no"] == "1001"
    assert caller.get("message_session/list", **of(house.second))["list"] == []
    away = {"session_id": session.pk, "user_type": 1, "user_no": house.first.pk}
    assert code(caller.post("message_session/archive", **away)) == OK
    assert session in Session.objects.archived_by(house.first)
    other = {**away, "user_no": house.second.pk}
    assert code(caller.post("message_session/archive", **other)) == DENIED


def test_a_deleted_session_leaves_the_lists_until_its_next_message(
    house: Scene, caller: Caller
) -> None:
    session = house.customer_writes()
    gone = {"session_id": session.pk, "user_type": 9, "user_no": ""}
    assert code(caller.get("message_session/delete", **gone)) == OK
    assert caller.get("message_session/list", **OF_PLATFORM)["list"] == []
    assert code(caller.get("message_session/delete", **gone)) == DENIED
    house.customer_writes("Again")
    assert len(caller.get("message_session/list", **OF_PLATFORM)["list"]) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"user_type": 9}, "page_size"),
        ({"page_size": 0, "user_type": 9}, "page_size"),
        ({"page_size": 201, "user_type": 9}, "page_size"),
        ({"page_size": "x", "user_type": 9}, "page_size"),
        ({"page_size": 5}, "user_type"),
        ({"page_size": 5, "user_type": 2}, "user_type"),
        ({"page_size": 5, "user_type": 1}, "user_no"),
        ({"page_size": 5, "user_type": 9, "user_no": "1001"}, "user_no"),
        ({"page_size": 5, "user_type": 9, "is_closed": 3}, "is_closed"),
        ({"page_size": 5, "user_type": 9, "first_msg_id": "-1"}, "first_msg_id"),
    ],
)
def test_parameters_that_are_wrong(caller: Caller, query: dict[str, Any], field: str) -> None:
    assert fields(caller.get("message_session/list", **query)) == [field]


def test_lists_take_the_same_queries_whatever_they_hold(
    house: Scene, caller: Caller, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        house.customer_writes(**{"from": f"+417800000{n:02}"})
    with django_assert_max_num_queries(12):
        assert len(caller.get("message_session/list", **OF_PLATFORM)["list"]) == 20
    ids = ",".join(str(each.pk) for each in Session.objects.all())
    with django_assert_max_num_queries(12):
        assert len(caller.get("message/query", ids=ids, page_size=2)["data"]) == 20
    with django_assert_max_num_queries(12):
        assert len(caller.get("message_session/query", ids=ids)["list"]) == 20


# --- one session --------------------------------------------------------------------------------


def test_a_session_in_whole(house: Scene) -> None:
    crm()
    caller = Caller()
    caller.log_in()
    session = house.customer_writes()
    found = caller.get("message_session/get", id=session.pk)
    assert found["data"] == found["list"]
    told = found["data"]
    assert (told["channel_type"], told["did_number"], told["to_number"]) == ("sms", OURS, CUSTOMER)
    assert told["user_info"] == {
        "user_id": 0,
        "user_no": CUSTOMER,
        "user_type": 2,
        "avatar": "",
        "username": session.customer.name,
    }
    assert {each["user_no"] for each in told["participants"]} == {"1001", "1002"}
    desk.pick_up(house.first, session)
    listed = caller.get("message_session/query", ids=f"{session.pk},9999")["list"]
    assert [each["participants"] for each in listed] == [[]]
    assert code(caller.get("message_session/get", id=9999)) == NOT_FOUND
    assert fields(caller.get("message_session/query", ids="1,x")) == ["ids"]


def test_messages_are_told_the_newest_first_and_notes_not_at_all(
    house: Scene, caller: Caller
) -> None:
    session = house.customer_writes("First")
    sent = caller.post(
        "message/send", sender_type=9, session_id=session.pk, msg_body="Second", **NORMAL
    )
    to = {"destination_type": "queue", "destination_id": house.queue.pk}
    assert code(caller.post("message_session/transfer", session_id=session.pk, **to)) == OK
    desk.pick_up(house.first, session)
    session.refresh_from_db()
    desk.note(house.first, session, "Only for us")
    desk.write(house.first, session, "Third")
    records = caller.get("message/get", id=session.pk, page_size=50)["data"]["records"]
    assert [(each["msg_type"], each["msg_body"]) for each in records] == [
        (0, "Third"),
        (5, "Anna picked up"),
        (6, "CRM transferred to Support"),
        (0, "Second"),
        (0, "First"),
    ]
    assert [each["sender"]["user_type"] for each in records] == [1, 1, 9, 9, 2]
    assert json.loads(records[2]["param"])["destination_id"] == house.queue.pk
    second = records[3]
    assert second["msg_id"] == sent["data"]["msg_id"] == sent["msg_id"]
    assert set(second) == {
        *("session_id", "msg_id", "delivery_status", "sender", "msg_kind", "msg_type", "msg_body"),
        *("msg_files", "send_time", "receive_time", "param", "send_error", "send_error_msg"),
        *("tag", "whatsapp_msg_param"),
    }
    older = caller.get("message/get", id=session.pk, page_size=1, last_msg_id=second["msg_id"])
    assert [each["msg_body"] for each in older["data"]["records"]] == ["First"]
    (many,) = caller.get("message/query", ids=session.pk, page_size=1)["data"]
    assert many == {"session_id": session.pk, "records": records[:1]}


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [
        ("queued", 0, ""),
        ("sending", 0, ""),
        ("sent", 1, ""),
        ("delivered", 1, ""),
        ("read", 1, ""),
        ("failed", 2, "send_fail"),
        ("unknown", 2, "unknown_error"),
    ],
)
def test_what_became_of_a_message(
    house: Scene, caller: Caller, status: str, told: int, error: str
) -> None:
    session = house.customer_writes()
    MessageFactory(session=session, answer=True, status=status, reason="No credit")
    record = caller.get("message/get", id=session.pk, page_size=1)["data"]["records"][0]
    assert (record["delivery_status"], record["send_error"]) == (told, error)
    assert record["send_error_msg"] == ("No credit" if error else "")


# --- handing over and closing -------------------------------------------------------------------


def test_a_session_goes_to_an_agent_a_queue_and_back(house: Scene, caller: Caller) -> None:
    session = house.customer_writes()

    def transfer(kind: str, pk: Any = None) -> dict[str, Any]:
        to = {"destination_type": kind, "destination_id": pk}
        return caller.post("message_session/transfer", session_id=session.pk, **to)

    def owner() -> tuple[Any, Any, Any]:
        session.refresh_from_db()
        return session.holder, session.queue, session.platform

    assert transfer("extension", house.first.pk) == {"errcode": 0, "errmsg": "SUCCESS"}
    assert owner() == (house.first, None, None)
    assert code(transfer("extension", "1001")) == NOT_DONE  # by its number; she has it already
    assert code(transfer("queue", house.queue.pk)) == OK and owner()[1] == house.queue
    before = PlatformEvent.objects.count()
    assert code(transfer("api", 0)) == OK and owner()[2] == Door.objects.get().receiver
    assert PlatformEvent.objects.count() == before + 1
    assert code(transfer("queue", 999)) == code(transfer("extension", 999)) == NOT_FOUND
    assert fields(transfer("queue")) == ["destination_id"]
    assert fields(transfer("group", 1)) == ["destination_type"]


def test_a_session_is_closed_once(house: Scene, caller: Caller) -> None:
    session = house.customer_writes()
    assert code(caller.post("message_session/close", session_id=session.pk)) == OK
    assert code(caller.post("message_session/close", session_id=session.pk)) == NOT_DONE
    record = caller.get("message/get", id=session.pk, page_size=1)["data"]["records"][0]
    assert (record["msg_type"], record["msg_body"]) == (2, "CRM closed the session")
    again = {"sender_type": 9, "session_id": session.pk, "msg_body": "Hi", **NORMAL}
    assert code(caller.post("message/send", **again)) == NOT_DONE


# --- sending ------------------------------------------------------------------------------------


def test_the_platform_begins_and_goes_on_in_the_same_session(house: Scene, caller: Caller) -> None:
    new = {"sender_type": 9, "channel": "sandbox", "did_number": OURS, **NORMAL}
    sent = caller.post("message/send", to="+41 (79) 111-22-44", msg_body="Hello", **new)
    session = Session.objects.get()
    assert session.platform == Door.objects.get().receiver and session.holder is None
    message = Message.objects.get(pk=sent["msg_id"])
    assert (message.recipient, message.text, message.author) == ("+41791112244", "Hello", None)
    second = caller.post("message/send", to="+41791112244", msg_body="Again", **new)
    assert second["data"]["session_id"] == session.pk


def test_the_same_request_id_sends_once(house: Scene, caller: Caller) -> None:
    session = house.customer_writes()
    body = {"sender_type": 9, "session_id": session.pk, "msg_body": "Once", **NORMAL}
    answers = [caller.post("message/send", request_id="r1", **body) for _ in range(2)]
    assert answers[0] == answers[1] and len(house.answers()) == 1


def test_an_agent_answers_by_the_api_and_has_picked_up(house: Scene) -> None:
    Queue.objects.update(pickup=Queue.AUTO)
    door = crm()
    caller = Caller()
    caller.log_in()
    session = house.customer_writes()
    body = {"sender_type": 1, "sender_no": "1001", "msg_body": "Hello", **NORMAL}
    sent = caller.post("message/send", session_id=session.pk, **body)
    session.refresh_from_db()
    message = Message.objects.get(pk=sent["msg_id"])
    assert session.holder == house.first == message.author and message.errand.door == door
    other = {**body, "sender_no": "1002"}
    assert code(caller.post("message/send", session_id=session.pk, **other)) == NOT_FOUND
    new = {"channel": "sandbox", "did_number": OURS, "to": "+41791112299"}
    begun = caller.post("message/send", **body, **new)
    assert Session.objects.get(pk=begun["session_id"]).holder == house.first
    assert code(caller.post("message/send", **{**other, **new})) == NOT_DONE  # not from there


def test_only_its_own_sessions_are_written_in_by_the_platform(house: Scene) -> None:
    crm()
    caller = Caller()
    caller.log_in()
    body = {"sender_type": 9, "session_id": house.customer_writes().pk, "msg_body": "Hi"}
    refused = caller.post("message/send", **body, **NORMAL)
    assert code(refused) == NOT_DONE and "Transfer it first" in refused["submsg"]
    assert not house.answers()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sender_type": 2}, "sender_type"),
        ({"sender_type": None}, "sender_type"),
        ({"sender_type": 1}, "sender_no"),
        ({"msg_kind": 3}, "msg_kind"),
        ({"msg_type": 1}, "msg_type"),
        ({"msg_body": " "}, "msg_body"),
        ({"msg_body": ["x"]}, "msg_body"),
        ({"tag": "HELLO"}, "tag"),
        ({"to": ""}, "to"),
        ({"to": "+41;79"}, "to"),
        ({"channel": ""}, "channel"),
        ({"channel": "twilio"}, "did_number"),
        ({"did_number": "+15550100"}, "did_number"),
        ({"files": {"id": 1}}, "files"),
        ({"msg_kind": 1}, "whatsapp_msg_param"),
    ],
)
def test_a_message_that_cannot_be_taken(
    caller: Caller, changes: dict[str, Any], field: str
) -> None:
    body = {"sender_type": 9, "channel": "sandbox", "did_number": OURS, "to": CUSTOMER}
    sent = caller.post("message/send", **{**body, "msg_body": "Hi", **NORMAL, **changes})
    assert fields(sent) == [field] and not Message.objects.exists()


def test_a_days_messages_end(house: Scene, caller: Caller) -> None:
    Door.objects.update(per_day=1)
    session = house.customer_writes()
    body = {"sender_type": 9, "session_id": session.pk, "msg_body": "Hi", **NORMAL}
    assert [code(caller.post("message/send", **body)) for _ in range(2)] == [OK, TOO_MANY]


def test_a_file_is_handed_in_and_sent(house: Scene, caller: Caller) -> None:
    session = house.customer_writes()
    picture = SimpleUploadedFile("a b.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png")
    url = f"/openapi/v1.0/message/batchupload?access_token={caller.token}"
    (info,) = caller.http.post(url, {"files": [picture]}).json()["list"]
    assert (info["name"], info["type"], info["size"]) == ("a b.png", "image/png", 48)
    body = {"sender_type": 9, "session_id": session.pk, **NORMAL}
    sent = caller.post("message/send", files=[info], **body)
    attachment = Message.objects.get(pk=sent["msg_id"]).attachments.get()
    assert attachment.file.read() == b"\x89PNG\r\n\x1a\n" + bytes(40)
    record = caller.get("message/get", id=session.pk, page_size=1)["data"]["records"][0]
    (listed,) = json.loads(record["msg_files"])
    assert listed["id"] == str(attachment.pk) and listed["uri"] == files.link(attachment)
    two = caller.post("message/send", files=[info, info], **body)
    assert fields(two) == ["files"]
    assert code(caller.post("message/send", files=[{"id": "999999"}], **body)) == NOT_FOUND
    assert fields(caller.http.post(url, {"other": "x"}).json()) == ["files"]


def test_a_template_is_sent_with_its_values(house: Scene, caller: Caller) -> None:
    template = Template.objects.create(
        channel=house.channel, name="hello", language="en", body="Hello {{1}}", variables=["1"]
    )
    (listed,) = caller.get("message_channel/whatsapp_template", id=house.channel.pk)["list"]
    assert (listed["id"], listed["params"]) == (template.pk, ["1"])
    session = house.customer_writes()
    body = {"sender_type": 9, "session_id": session.pk, "msg_kind": 1, "msg_type": 0}
    param = json.dumps({"name": "hello", "language": "en", "params": ["Ben"]})
    sent = caller.post("message/send", whatsapp_msg_param=param, **body)
    assert Message.objects.get(pk=sent["msg_id"]).text == "Hello Ben"
    empty = caller.post("message/send", whatsapp_msg_param='{"template_id": 999}', **body)
    assert code(empty) == NOT_DONE


# --- other tenants ------------------------------------------------------------------------------


def test_a_client_for_some_numbers_sees_no_others(house: Scene) -> None:
    mine = RuleFactory(number=NumberFactory(channel=ChannelFactory(name="Mine")))
    crm(mine.number)
    caller = Caller()
    caller.log_in()
    theirs, own = house.customer_writes(), SessionFactory(number=mine.number)
    for path in ("message_session/get", "message/get"):
        assert code(caller.get(path, id=theirs.pk, page_size=1)) == NOT_FOUND
        assert code(caller.get(path, id=own.pk, page_size=1)) == OK
    for path in ("transfer", "close"):
        to = {"destination_type": "api"}
        assert code(caller.post(f"message_session/{path}", session_id=theirs.pk, **to)) == NOT_FOUND
    assert caller.get("message_session/list", **of(house.first))["list"] == []
    body = {"sender_type": 9, "channel": "sandbox", "to": CUSTOMER, "msg_body": "Hi", **NORMAL}
    assert fields(caller.post("message/send", did_number=OURS, **body)) == ["did_number"]
    assert code(caller.post("message/send", did_number=mine.number.value, **body)) == OK
    query = {"page": 1, "page_size": 10, "time_range": "all"}
    assert [each["name"] for each in caller.get("message_channel/list", **query)["list"]] == [
        "Mine"
    ]
    assert code(caller.get("message_channel/get", id=house.channel.pk)) == NOT_FOUND
    assert caller.get("message_channel/get", id=mine.number.channel.pk)["data"]["webhook_url"] == ""
    new = {"name": "Q", "assignment_mode": "auto", "members": []}
    assert code(caller.post("message_queue/create", **new)) == DENIED
