"""A PBX whose SMS provider is Parley: it verifies, sends, receives, and is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import requests

from config.logs import HideTokens

from ..stories.agent import Agent
from ..stories.vendor import Response
from .house import (
    BUSY,
    KEY,
    OTHER_KEY,
    OTHERS,
    OURS,
    PLAIN,
    PNG,
    SECOND,
    SECRET,
    House,
    error,
    somebody,
)

pytestmark = pytest.mark.story

WRONG = (401, "10004", "Authentication failed")
PARAMETER = (400, "10002", "Invalid parameter")
NUMBER = (400, "10001", "Invalid phone number")
MEDIA = (400, "10003", "Unsupported media")
PERMISSION = (403, "10005", "No permission")
TOO_MANY = (429, "10006", "Too many requests")


def test_verifying_plain_and_with_a_challenge(house: House) -> None:
    assert house.verify().status_code == 200
    echoed = house.verify(challenge="<b>Zürich & 1+1</b>")
    assert (echoed.status_code, echoed.text) == (200, "<b>Zürich & 1+1</b>")
    assert echoed.headers["Content-Type"].startswith("text/plain")
    assert echoed.headers["X-Content-Type-Options"] == "nosniff"
    assert error(house.verify("a wrong key")) == WRONG
    assert error(house.verify(challenge="x" * 1000)) == PARAMETER


def test_a_text_is_sent_from_the_configured_number(house: House) -> None:
    to = somebody()
    answer = house.pbx_sends({"from": OURS, "to": to, "text": "Grüezi 👋", "media_urls": None})
    assert answer.status_code == 200
    assert set(answer.json()) == {"data"} and set(answer.json()["data"]) == {"id"}
    assert isinstance(answer.json()["data"]["id"], str) and answer.json()["data"]["id"]
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to) == [{"from": OURS, "to": to, "text": "Grüezi 👋"}]


def test_the_caller_may_choose_among_the_doors_numbers_only(house: House) -> None:
    to = somebody()
    assert house.pbx_sends({"from": SECOND, "to": to, "text": "Hi"}).status_code == 200
    house.parley.wait(lambda: house.sent(to))
    assert house.sent(to)[0]["from"] == SECOND
    # Another door's number, and one that is nobody's.
    for number in (OTHERS, "+15550100200"):
        assert error(house.pbx_sends({"from": number, "to": to, "text": "Hi"})) == PERMISSION
    body = {"from": OTHERS, "to": to, "text": "Hi"}
    assert house.pbx_sends(body, key=OTHER_KEY).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"from": None}, PARAMETER),
        ({"from": 41}, PARAMETER),
        ({"from": "41791234510"}, NUMBER),
        ({"to": None}, PARAMETER),
        ({"to": ""}, PARAMETER),
        ({"to": "0791234510"}, NUMBER),
        ({"to": "+41 79 123"}, NUMBER),
        ({"to": "+41791234510; drop"}, NUMBER),
        ({"text": None}, PARAMETER),
        ({"text": "  "}, PARAMETER),
        ({"text": 5}, PARAMETER),
        ({"text": "x" * 2001}, PARAMETER),
        ({"media_urls": "https://pbx.example/a.png"}, PARAMETER),
        ({"media_urls": [1]}, PARAMETER),
    ],
)
def test_body_rules(house: House, changes: dict[str, object], expected: object) -> None:
    body = {"from": OURS, "to": somebody(), "text": "Hi", **changes}
    assert error(house.pbx_sends(body)) == expected


@pytest.mark.parametrize(
    "raw", [b"", b"nonsense", b'"text"', b"[1]", b'{"from": "\xff"}', b"[" * 9999]
)
def test_a_body_that_is_no_json_object(house: House, raw: bytes) -> None:
    assert error(house.pbx_sends(raw)) == PARAMETER


def test_other_methods(house: House) -> None:
    url = f"{house.parley.url}/api/v1/integration/yeastar/sms/sendmessage"
    headers = {"Authorization": f"Bearer {KEY}"}
    assert error(requests.get(url, headers=headers, timeout=20)) == PARAMETER


def test_2000_characters_are_taken(house: House) -> None:
    to = somebody()
    assert house.pbx_sends({"from": OURS, "to": to, "text": "ü" * 2000}).status_code == 200


def test_files_are_fetched_and_handed_on(house: House) -> None:
    house.pbx.answer = lambda request: Response(PNG, headers={"Content-Type": "image/png"})
    to, url = somebody(), f"{house.pbx.url}/files/a.png"
    answer = house.pbx_sends({"from": OURS, "to": to, "text": None, "media_urls": [url, url]})
    assert answer.status_code == 200, answer.text
    house.parley.wait(lambda: house.sent(to))
    links = [link for each in house.sent(to) for link in each["media_urls"]]
    assert [requests.get(link, timeout=20).content for link in links] == [PNG, PNG]


def test_files_that_cannot_be_taken(house: House) -> None:
    house.pbx.answer = lambda request: Response("no", status=404)
    body = {"from": OURS, "to": somebody(), "text": "Hi"}
    for url in (f"{house.pbx.url}/gone.png", "ftp://pbx.example/a.png", "nonsense"):
        assert error(house.pbx_sends({**body, "media_urls": [url]})) == MEDIA, url
    text_only = {**body, "from": PLAIN, "media_urls": ["https://pbx.example/a.png"]}
    assert error(house.pbx_sends(text_only, key="key-of-the-text-pbx")) == MEDIA
    assert error(house.pbx_sends({**body, "media_urls": ["http://x/"] * 11})) == MEDIA
    house.pbx.answer = lambda request: Response("busy", status=503)
    later = house.pbx_sends({**body, "media_urls": [f"{house.pbx.url}/a.png"]})
    assert error(later) == (500, "10007", "Service unavailable")


def test_when_the_database_fails_the_service_is_unavailable(house: House) -> None:
    body = {"from": OURS, "to": somebody(), "text": "Hi"}
    house.parley.sql("ALTER TABLE routing_errand RENAME TO routing_errand_away")
    try:
        answer = house.pbx_sends(body)
    finally:
        house.parley.sql("ALTER TABLE routing_errand_away RENAME TO routing_errand")
    assert error(answer) == (500, "10007", "Service unavailable")
    assert "errand" not in answer.text
    assert house.pbx_sends(body).status_code == 200


def test_keys_that_open_nothing(house: House) -> None:
    body = {"from": OURS, "to": somebody(), "text": "Hi"}
    for number, key in enumerate(
        ("", "wrong", KEY.upper(), KEY + "x", "ключ".encode().decode("latin-1"))
    ):
        answer = house.pbx_sends(body, key=key, remote=f"203.0.113.{number + 1}")
        assert error(answer) == WRONG
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    basic = house.pbx_sends(body, key="", Authorization=f"Basic {KEY}", remote="203.0.113.9")
    assert error(basic) == WRONG
    log = (house.parley.folder / "front.log").read_text()
    assert "a caller at 203.0.113.4 was refused: The key is wrong." in log
    assert KEY not in log.replace(KEY.upper(), "") and "wrong-key" not in log


def test_a_replaced_key_works_for_a_day_and_a_revoked_one_not_at_all(house: House) -> None:
    def try_keys(*keys: str) -> list[int]:
        return [house.verify(key).status_code for key in keys]

    def rotate(key: str) -> None:
        house.parley.apply(f'doors: [{{name: Made PBX, key: "{key}"}}]')

    (made,) = [each for each in house.parley.applied["doors"] if each["name"] == "Made PBX"]
    first, second = made["key"], "second-key-0123456789"
    assert try_keys(first) == [200]
    rotate(second)
    assert try_keys(first, second) == [200, 200]
    past = "2020-01-01 00:00:00" + ("+00" if hasattr(house.parley.database, "name") else "")
    house.parley.sql("UPDATE routing_door SET old_key_until = %s WHERE name = 'Made PBX'", past)
    assert try_keys(first, second) == [401, 200]  # a day later
    rotate("third-key-0123456789")
    house.parley.sql(
        "UPDATE routing_door SET old_key_hash = '', old_key_until = NULL WHERE name = 'Made PBX'"
    )
    assert try_keys(second, "third-key-0123456789") == [401, 200]


def test_doors_that_are_shut_or_for_others(house: House) -> None:
    body = {"from": BUSY, "to": somebody(), "text": "Hi"}
    assert error(house.pbx_sends(body, key="key-of-the-off-pbx")) == PERMISSION
    far = "key-of-the-far-pbx"
    assert error(house.pbx_sends(body, key=far, remote="203.0.113.20")) == PERMISSION
    assert error(house.pbx_sends(body, key=far, remote="198.51.100.7")) == PERMISSION
    assert house.pbx_sends(body, key=far, remote="198.51.100.8").status_code == 200
    used = house.parley.sql("SELECT last_used_from FROM routing_door WHERE name = 'Far PBX'")
    assert used == [("198.51.100.8",)]


def test_a_doors_pace_and_its_day(house: House) -> None:
    body = {"from": BUSY, "to": somebody(), "text": "Hi"}
    answers = [house.pbx_sends(body, key="key-of-the-slow-pbx") for _ in range(3)]
    refused = [each for each in answers if each.status_code != 200]
    assert refused and all(error(each) == TOO_MANY for each in refused)
    assert refused[0].headers["Retry-After"] in ("1", "2")

    small = "key-of-the-small-pbx"
    again = {"Idempotency-Key": "the first"}
    first = house.pbx_sends(body, key=small, **again)
    assert first.json() == house.pbx_sends(body, key=small, **again).json()
    assert error(house.pbx_sends({**body, "to": "1"}, key=small)) == NUMBER  # counts not
    assert house.pbx_sends(body, key=small).status_code == 200
    assert error(house.pbx_sends(body, key=small)) == TOO_MANY
    with house.parley.redis() as client:  # what it counted is lost: the database knows
        client.delete(*client.keys("parley:day:*"))
    over = house.pbx_sends(body, key=small)
    assert error(over) == TOO_MANY and int(over.headers["Retry-After"]) > 1
    assert house.pbx_sends(body, key=small, **again).json() == first.json()


def test_guessing_is_slowed_and_does_not_hold_up_a_known_neighbour(house: House) -> None:
    body, office = {"from": OTHERS, "to": somebody(), "text": "Hi"}, "203.0.113.50"
    house.parley.sql("UPDATE routing_door SET last_used_at = NULL WHERE name = 'Other PBX'")
    assert house.pbx_sends(body, key=OTHER_KEY, remote=office).status_code == 200
    guesses = [house.pbx_sends(body, key=f"guess {n}", remote=office) for n in range(14)]
    assert [error(each) for each in guesses[:10]] == [WRONG] * 10
    slowed = [each for each in guesses if error(each) == TOO_MANY]
    assert slowed and all("Retry-After" in each.headers for each in slowed)
    assert house.pbx_sends(body, key=OTHER_KEY, remote=office).status_code == 200
    assert error(house.pbx_sends(body, key="guess", remote="203.0.113.51")) == WRONG


def test_one_idempotency_key_50_times_at_once_sends_one_message(house: House) -> None:
    to = somebody()
    body = {"from": OURS, "to": to, "text": "Once"}
    with ThreadPoolExecutor(50) as pool:
        found = [
            pool.submit(house.pbx_sends, body, **{"Idempotency-Key": f"order 1 {to}"})
            for _ in range(50)
        ]
        answers = [each.result() for each in found]
    assert Counter(each.status_code for each in answers) == {200: 50}
    assert len({each.json()["data"]["id"] for each in answers}) == 1
    count = "SELECT count(*) FROM routing_message WHERE direction = 'out' AND recipient = %s"
    assert house.parley.sql(count, to) == [(1,)]
    house.parley.wait(lambda: house.sent(to))
    other = house.pbx_sends(body, **{"Idempotency-Key": f"order 2 {to}"})
    assert other.json() != answers[0].json()


def test_a_received_text_reaches_the_pbx_signed_and_the_agent_too(house: House) -> None:
    house.pbx.answer = lambda request: Response({})
    sender = somebody()
    house.arrives(sender, "Grüezi 👋 <&>")
    (request,) = house.parley.wait(lambda: pushed(house, sender), 30)
    expected = hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-signature-256"] == f"sha256={expected}"
    assert request.headers["content-type"].startswith("application/json")
    assert "Grüezi 👋".encode() in request.body and b": " not in request.body
    told = request.json()["data"]
    assert told["event_type"] == "message.received"
    payload = told["payload"]
    assert payload["from"] == {"phone_number": sender}
    assert payload["to"] == [{"phone_number": OURS}]
    assert payload["text"] == "Grüezi 👋 <&>"
    assert told["id"] and payload["id"]
    assert datetime.fromisoformat(payload["received_at"]).utcoffset() is not None
    agent = Agent(house.parley, "first", "first-password-1")  # the number's rule
    assert sender in agent.page("/?view=all")


def test_a_pbx_that_fails_gets_everything_in_order_later(house: House) -> None:
    house.pbx.answer = lambda request: Response(status=503)
    sender = somebody()
    for text in ("first", "second", "third"):
        house.arrives(sender, text)
    house.parley.wait(lambda: pushed(house, sender), 30)
    house.pbx.answer = lambda request: Response({})
    done = len(house.pbx.requests)
    house.parley.wait(lambda: len(texts(house, sender, done)) == 3, 40)
    assert texts(house, sender, done) == ["first", "second", "third"]


def pushed(house: House, sender: str) -> list:
    return [
        each
        for each in house.pbx.requests_to(
            "/api/v1.0/webhook/general/0123456789abcdef0123456789abcdef"
        )
        if json.loads(each.body)["data"]["payload"]["from"]["phone_number"] == sender
    ]


def texts(house: House, sender: str, start: int) -> list[str]:
    later = house.pbx.requests[start:]
    return [
        json.loads(x.body)["data"]["payload"]["text"] for x in pushed(house, sender) if x in later
    ]


def test_parley_itself_can_be_the_system_at_the_door(house: House) -> None:
    """Its General provider speaks the same contract from the other side."""
    from providers.adapters.general import Adapter
    from providers.base import Outbound
    from providers.http import Carrier

    to = somebody()
    adapter = Adapter({"api_key": KEY, "strict_challenge": True}, house.parley.url)
    carrier = Carrier(allow_private=True)
    carrier.run(adapter.check_credentials(), [])
    name = carrier.run(
        adapter.send(Outbound(sender=OURS, recipient=to, text="Hi", reference="r")), []
    )
    assert name
    house.parley.wait(lambda: house.sent(to))


def test_passwords_in_addresses_stay_out_of_the_log() -> None:
    said = logging.makeLogRecord(
        {"msg": "Forbidden: %s", "args": ("/?command=SendSms&PASSWORD=abc%20d&x=1",)}
    )
    assert HideTokens().filter(said)
    assert said.getMessage() == "Forbidden: /?command=SendSms&PASSWORD=•••&x=1"
