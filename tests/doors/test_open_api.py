"""A client written from the pages of Yeastar's Open API alone, against the running system."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ..stories.agent import Agent
from ..stories.databases import ROOT
from ..stories.vendor import Request, Response
from .house import CRMS, House, somebody

pytestmark = pytest.mark.story

USER_AGENT = {"User-Agent": "OpenAPI"}
EVENTS = [30031, 30032, 30034, 30035, 30036, 30038]


class Client:
    """What a developer writes after reading the pages."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self.base = f"{url}/openapi/v1.0"
        found = self.post("get_token", username=client_id, password=client_secret)
        assert found["access_token_expire_time"] == 1800
        self.token = found["access_token"]

    token = ""

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._checked(
            requests.get(
                f"{self.base}/{path}",
                params={**query, "access_token": self.token},
                headers=USER_AGENT,
                timeout=30,
            )
        )

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        url = f"{self.base}/{path}?access_token={self.token}"
        return self._checked(requests.post(url, json=body, headers=USER_AGENT, timeout=30))

    @staticmethod
    def _checked(answer: requests.Response) -> dict[str, Any]:
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        assert (found["errcode"], found["errmsg"]) == (0, "SUCCESS"), found
        return found

    @contextmanager
    def listen(self, topics: list[int]) -> Iterator[ClientConnection]:
        url = self.base.replace("http", "ws", 1)
        with connect(f"{url}/subscribe?access_token={self.token}", open_timeout=20) as listener:
            listener.send(json.dumps({"topic_list": topics}))
            assert json.loads(listener.recv(20)) == {"errcode": 0, "errmsg": "SUCCESS"}
            yield listener


@pytest.fixture
def made(house: House) -> dict[str, Any]:
    """What apply printed of the door: its secrets, once."""
    (found,) = [each for each in house.parley.applied["doors"] if each["name"] == "CRM"]
    return found


@pytest.fixture
def client(house: House, made: dict[str, Any]) -> Iterator[Client]:
    house.pbx.answer = lambda request: Response({})
    found = Client(house.parley.url, made["client_id"], made["client_secret"])
    yield found
    requests.get(f"{found.base}/del_token?access_token={found.token}", timeout=20)


def posted(house: House, text: str, kind: int) -> list[Request]:
    """The webhook's requests of this kind that hold the text."""
    found = house.pbx.requests_to("/crm")
    return [x for x in found if x.json()["type"] == kind and text in x.json()["msg"]]


def heard(listener: ClientConnection, kind: int) -> dict[str, Any]:
    """The next event of this kind, out of its envelope."""
    while (event := json.loads(listener.recv(30)))["type"] != kind:
        pass
    assert set(event) == {"type", "sn", "msg"}
    found: dict[str, Any] = json.loads(event["msg"])
    return found


def test_a_client_hears_answers_and_hands_over(
    house: House, made: dict[str, Any], client: Client
) -> None:
    sender = somebody()
    question, answer = f"Where is my parcel, {sender}?", f"On its way, {sender}."
    with client.listen(EVENTS) as listener:
        house.arrives(sender, question, to=CRMS)
        told = heard(listener, 30031)
        assert (told["msg_body"], told["did_number"]) == (question, CRMS)
        assert told["sender"]["user_no"] == sender and told["sender"]["user_type"] == 2

        (request,) = house.parley.wait(lambda: posted(house, sender, 30031), 30)
        digest = hmac.new(made["secret"].encode(), request.body, hashlib.sha256).digest()
        assert request.headers["x-signature"] == base64.b64encode(digest).decode()
        assert json.loads(request.json()["msg"]) == told

        listed = client.get("message_session/list", user_type=9, user_no="api", page_size=10)
        (session,) = [each for each in listed["list"] if each["to"]["user_no"] == sender]
        assert session["id"] == told["session_id"] and session["last_msg_id"] == told["msg_id"]
        sent = client.post(
            "message/send",
            sender_type=9,
            session_id=session["id"],
            msg_kind=0,
            msg_type=0,
            msg_body=answer,
        )
        outcome = heard(listener, 30032)
        assert outcome["msg_id"] == sent["data"]["msg_id"]
        assert (outcome["delivery_status"], outcome["msg_body"]) == (1, answer)
        assert [each["text"] for each in house.sent(sender)] == [answer]
        (result,) = house.parley.wait(lambda: posted(house, answer, 30032), 30)
        assert json.loads(result.json()["msg"])["delivery_status"] == 1

        (queue,) = client.get("message_queue/search", page=1, page_size=5, search_value="Supp")[
            "list"
        ]
        to = {"destination_type": "queue", "destination_id": queue["id"]}
        client.post("message_session/transfer", session_id=session["id"], **to)
    agent = Agent(house.parley, "first", "first-password-1")
    assert question in agent.page(f"/s/{session['id']}/")
    records = client.get("message/get", id=session["id"], page_size=10)["data"]["records"]
    assert [each["msg_type"] for each in records] == [6, 0, 0]


def test_a_listener_keeps_its_connection_by_heartbeats_and_hears_only_its_topics(
    house: House, client: Client
) -> None:
    with client.listen([30038]) as none, client.listen([30031]) as listener:
        none.send("heartbeat")
        assert none.recv(20) == "heartbeat response"
        first, second = somebody(), somebody()
        house.arrives(first, "First", to=CRMS)
        house.arrives(second, "Second", to=CRMS)
        told = [heard(listener, 30031) for _ in range(2)]
        assert [each["sender"]["user_no"] for each in told] == [first, second]
        for wrong, code in (("nonsense", 40001), ('{"topic_list": 1}', 40002), ("[]", 40002)):
            none.send(wrong)
            assert json.loads(none.recv(20))["errcode"] == code  # and nothing else came before


def test_who_has_no_token_hears_nothing(house: House, made: dict[str, Any]) -> None:
    url = house.parley.url.replace("http", "ws", 1)
    for token in ("", "0" * 32):
        address = f"{url}/openapi/v1.0/subscribe?access_token={token}"
        with pytest.raises(InvalidStatus) as refused, connect(address, open_timeout=20):
            pass
        assert json.loads(refused.value.response.body)["errcode"] == 10004
    client = Client(house.parley.url, made["client_id"], made["client_secret"])
    with client.listen([30031]) as listener:
        client.get("del_token")
        with pytest.raises(ConnectionClosed) as ended:
            listener.recv(20)
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1008, "TOKEN EXPIRED")
    log = (house.parley.folder / "front.log").read_text()
    assert client.token not in log and made["client_secret"] not in log


def test_the_examples_of_the_page_run(house: House, made: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "open-api.md").read_text("utf-8")
    to, changes = somebody(), {"https://desk.example.com": house.parley.url}
    changes |= {"CLIENT-SECRET": made["client_secret"], "+41791234515": CRMS, "+41791112233": to}
    for code in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for old, new in changes.items():
            code = code.replace(old, new)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    house.parley.wait(lambda: house.sent(to), 20)
