"""Tokens of the Open API: got, renewed, ended; what is refused, what is kept."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from routing.models import OpenToken, PlatformEvent

from .caller import DENIED, EXPIRED, OK, SECRET, TOO_MANY, Caller, code, crm, fields

pytestmark = pytest.mark.django_db
LISTED = {"page": 1, "page_size": 10}
FAILURE = {
    "errcode": -1,
    "errmsg": "FAILURE",
    "invalid_param_list": [{"field": "username or password", "value": "error"}],
}


def test_a_token_is_got_and_only_its_hash_is_kept() -> None:
    crm()
    caller = Caller()
    found = caller.log_in()
    assert list(found)[:2] == ["errcode", "errmsg"] and code(found) == OK
    assert (found["access_token_expire_time"], found["refresh_token_expire_time"]) == (1800, 86400)
    assert len(found["access_token"]) == len(found["refresh_token"]) == 32
    kept = OpenToken.objects.values().get()
    assert not {found["access_token"], found["refresh_token"], SECRET} & {*map(str, kept.values())}
    assert code(caller.get("message_queue/list", **LISTED)) == OK


@pytest.mark.parametrize(
    ("name", "secret"), [("crm", "wrong"), ("other", SECRET), ("crm", SECRET.upper())]
)
def test_a_wrong_log_in(name: str, secret: str, caplog: pytest.LogCaptureFixture) -> None:
    crm()
    caplog.set_level(logging.WARNING)
    assert Caller().log_in(name, secret) == FAILURE
    assert "203.0.113.5" in caplog.text and secret not in caplog.text


def test_what_is_missing_is_named() -> None:
    assert fields(Caller().post("get_token", username="crm")) == ["password"]
    assert fields(Caller().post("refresh_token")) == ["refresh_token"]
    assert code(Caller().raw("get_token", b"nonsense")) == (40001, "PARAMETER SYNTAX ERROR")
    bare = Client().post("/openapi/v1.0/get_token", "{}", content_type="application/json")
    assert fields(bare.json()) == ["User-Agent"]


def test_five_wrong_log_ins_lock_an_address_out() -> None:
    door = crm()
    assert [Caller().log_in("crm", f"guess {n}")["errcode"] for n in range(5)] == [-1] * 5
    assert code(Caller().log_in()) == (70087, "IP FORBIDDEN")
    assert code(Caller("203.0.113.6").log_in()) == OK
    (event,) = PlatformEvent.objects.filter(platform=door.receiver)
    assert event.type == 30035 and "203.0.113.5" in event.content["event_content"]


def test_both_tokens_end_with_their_time() -> None:
    crm()
    caller = Caller()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        caller.log_in()
        clock.shift(timedelta(minutes=30, seconds=-1))
        assert code(caller.get("message_queue/list", **LISTED)) == OK
        clock.shift(timedelta(seconds=1))
        assert code(caller.get("message_queue/list", **LISTED)) == EXPIRED
        old, refresh = caller.token, caller.refresh
        assert code(caller.renew()) == OK and caller.token != old
        assert code(caller.get("message_queue/list", **LISTED)) == OK
        assert code(caller.post("refresh_token", refresh_token=refresh)) == EXPIRED  # used up
        clock.shift(timedelta(hours=24))
        assert code(caller.renew()) == EXPIRED


def test_a_token_is_ended_with_its_refresh_token() -> None:
    crm()
    caller = Caller()
    caller.log_in()
    assert caller.get("del_token") == {"errcode": 0, "errmsg": "SUCCESS"}
    assert code(caller.get("message_queue/list", **LISTED)) == EXPIRED
    assert code(caller.get("del_token")) == EXPIRED
    assert code(caller.renew()) == EXPIRED


def test_eight_access_tokens_are_good_at_the_same_time() -> None:
    crm()
    callers = [Caller() for _ in range(9)]
    assert [code(each.log_in()) for each in callers] == [OK] * 8 + [TOO_MANY]
    callers[0].get("del_token")
    assert code(callers[8].log_in()) == OK
    OpenToken.objects.update(access_until=timezone.now())
    assert code(callers[1].renew()) == OK


def test_a_new_secret_ends_all_tokens_and_the_old_one_a_day_later() -> None:
    door = crm()
    caller, second = Caller(), Caller()
    caller.log_in()
    door.set_key("another-secret-of-the-crm")
    door.save()
    assert code(caller.get("message_queue/list", **LISTED)) == EXPIRED
    assert code(caller.log_in()) == OK  # for another day
    assert code(second.log_in("crm", "another-secret-of-the-crm")) == OK
    door.refresh_from_db()
    door.revoke_old_key()
    door.save()
    assert code(caller.get("message_queue/list", **LISTED)) == EXPIRED
    assert code(caller.renew()) == EXPIRED and caller.log_in() == FAILURE
    assert code(second.get("message_queue/list", **LISTED)) == OK


def test_a_door_that_is_shut_far_or_too_quick() -> None:
    door = crm(allowed="203.0.113.0/24", denied="203.0.113.7")
    near, far = Caller(), Caller("198.51.100.1")
    near.log_in()
    assert code(far.log_in()) == (70087, "IP FORBIDDEN")
    far.token = near.token
    assert code(far.get("message_queue/list", **LISTED)) == (70087, "IP FORBIDDEN")
    door.per_second = 1
    door.save()
    answers = [code(near.get("message_queue/list", **LISTED)) for _ in range(4)]
    assert answers[0] == OK and TOO_MANY in answers
    door.per_second, door.active = None, False
    door.save()
    assert code(near.get("message_queue/list", **LISTED)) == DENIED
    assert code(near.log_in()) == DENIED


def test_interfaces_and_versions_that_are_not_there() -> None:
    crm()
    caller = Caller()
    caller.log_in()
    missing = (10001, "INTERFACE NOT EXISTED")
    for path in ("message_channel/getlivechat", "call/dial", "", "message/send"):
        assert code(caller.get(path)) == missing
    assert code(caller.post("message_queue/list")) == missing
    other = caller.http.get("/openapi/v2.0/message_queue/list").json()
    assert code(other) == (10003, "API VERSION UNSUPPORTED")
    caller.token = ""
    assert code(caller.get("message_queue/list", **LISTED)) == EXPIRED
