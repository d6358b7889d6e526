"""One Idempotency-Key sends once, however often and however many at a time."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection
from django.test import Client

from routing.models import Answered, Message

from ..scene import OURS, build
from .conftest import Api, service, token

BODY = {"to": "+41791119999", "from": OURS, "text": "Your parcel is here."}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("whose", ["agent", "service"])
def test_fifty_at_once_send_one_message(inline: None, whose: str) -> None:
    scene = build()
    key = token(scene.first) if whose == "agent" else service(per_second=1000)[1]
    answers: list[tuple[int, int, str]] = []
    together = threading.Barrier(50)

    def work() -> None:
        try:
            together.wait(30)
            answer = Client().post(
                "/api/v1/messages",
                BODY,
                content_type="application/json",
                headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "order 4711"},
            )
            replayed = answer.headers.get("Idempotent-Replayed", "")
            answers.append((answer.status_code, answer.json()["id"], replayed))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    (message,) = Message.objects.filter(direction=Message.OUT)
    assert Counter(answers) == {(201, message.pk, ""): 1, (201, message.pk, "true"): 49}


@pytest.mark.django_db
def test_another_request_under_the_same_key_is_a_mistake(shop: Api, agent: Api) -> None:
    named = {"Idempotency-Key": "k"}
    first = shop.post("messages", BODY, 201, **named)
    assert shop.post("messages", dict(reversed(BODY.items())), 201, **named) == first
    other = shop.post("messages", {**BODY, "text": "Other"}, 422, **named)
    assert other["code"] == "key_used_before"
    assert agent.post("messages", {**BODY, "to": "+41791118888"}, 201, **named) != first
    assert shop.post("messages", BODY, 400, **{"Idempotency-Key": "k" * 256})["code"] == "invalid"
    assert Message.objects.filter(direction=Message.OUT).count() == 2


@pytest.mark.django_db
def test_what_was_refused_may_be_tried_again(shop: Api) -> None:
    named = {"Idempotency-Key": "k"}
    shop.scene.number.rule.delete()
    assert shop.post("messages", BODY, 409, **named)["code"] == "refused"
    assert not Answered.objects.exists()
