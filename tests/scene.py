"""A small house for tests: two agents, a queue, a platform, a virtual phone channel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from channels_app.models import Channel, Number
from providers.base import Reply, WebhookRequest
from routing import intake
from routing.intake import commit
from routing.models import Customer, Extension, Message, Platform, Queue, Rule, Session

OURS = "+41791234510"
CUSTOMER = "+41791112233"


@dataclass
class Scene:
    first: Extension
    second: Extension
    queue: Queue
    channel: Channel
    number: Number

    def customer_writes(self, text: str = "Hello", **fields: Any) -> Session:
        """A customer's text comes by the webhook; returns its session."""
        body = {"type": "message", "from": CUSTOMER, "to": OURS, "text": text, **fields}
        assert self.post(body).status == 200
        return Session.objects.filter(customer__address=body["from"]).latest("pk")

    def post(self, body: dict[str, Any] | bytes) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = WebhookRequest(
            headers={"content-type": "application/json"}, body=raw, remote="127.0.0.1"
        )
        return intake.receive(self.channel.provider, self.channel.webhook_token, request)

    def answers(self) -> list[Message]:
        return list(Message.objects.filter(direction=Message.OUT))


def agent(number: str, name: str) -> Extension:
    user = User.objects.create(username=f"user{number}")
    return Extension.objects.create(number=number, name=name, user=user)


def build(pickup: str = Queue.MANUAL, **channel: Any) -> Scene:
    first, second = agent("1001", "Anna"), agent("1002", "Ben")
    queue = Queue.objects.create(name="Support", pickup=pickup)
    queue.members.set([first, second])
    channel = {"provider": "sandbox", "rate": Decimal(1000), "credentials": {}, **channel}
    made = Channel.objects.create(name="Virtual phone", **channel)
    number = Number.objects.create(channel=made, value=OURS)
    rule = Rule.objects.create(number=number, queue=queue)
    rule.may_start.set([first])
    return Scene(first, second, queue, made, number)


@pytest.fixture
def inline(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are committed by the thread that brings them, with the newest settings."""
    settings.CHANNEL_CACHE_SECONDS = 0

    def submit(_: Any, letters: Any, log: Any = None) -> Any:
        work = commit.Work(letters, log)
        commit.commit([work])
        return work.done

    monkeypatch.setattr(commit.Committer, "submit", submit)


_SUBMIT = commit.Committer.submit


@pytest.fixture
def real_committer(monkeypatch: pytest.MonkeyPatch) -> Iterator[commit.Committer]:
    """The group commit in its own thread, as it is in a server."""
    made = commit.Committer()
    monkeypatch.setattr(commit.Committer, "submit", _SUBMIT)
    monkeypatch.setattr("routing.intake.visits.the_committer", lambda: made)
    yield made
    made.stop()


def platform() -> Platform:
    return Platform.objects.create(name="Analytics", url="https://platform.example/events")


def a_customer() -> Customer:
    return Customer.objects.create(address=CUSTOMER)
