"""Collecting from providers that bring nothing: stored, then remembered, then confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..stories.vendor import Request, Response, Vendor
from .house import House

pytestmark = [pytest.mark.story]


class Box:
    """A provider's mailbox: gives what lies behind a cursor, and forgets what is confirmed."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.cursors: list[int] = []
        self.confirmed: list[str] = []
        self.sent: list[str] = []
        self.refuses: Response | None = None
        self.confirms = True

    def put(self, text: str, to: str = "+41791234510") -> None:
        name = f"m{len(self.messages) + 1}"
        self.messages.append({"id": name, "from": "+41791112233", "to": to, "text": text})

    def __call__(self, request: Request) -> Response:
        if request.path == "/send":
            self.sent.append(json.loads(request.body)["text"])
            return Response({"id": f"out{len(self.sent)}"})
        if request.path == "/confirm":
            if not self.confirms:
                return Response(status=500)
            self.confirmed += json.loads(request.body)
            return Response({})
        if self.refuses:
            return self.refuses
        since = int(request.path.rpartition("/")[2])
        self.cursors.append(since)
        found = self.messages[since : since + 2]
        more = len(self.messages) > since + 2
        return Response({"messages": found, "cursor": str(since + len(found)), "more": more})


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def vendor(box: Box) -> Iterator[Vendor]:
    with Vendor(box) as made:
        yield made


def start(vendor: Vendor, **options: Any) -> House:
    return House(vendor.url, provider="collected", credentials="{key: KEY}", **options)


def test_what_lies_there_is_collected_in_batches_and_confirmed(box: Box, vendor: Vendor) -> None:
    for n in range(5):
        box.put(f"text {n}")
    with start(vendor, workers=1) as parley:
        parley.start_links()
        parley.wait(lambda: len(box.confirmed) == 5, 30)
        assert parley.received() == [f"text {n}" for n in range(5)]
        assert box.cursors[:3] == [0, 2, 4]
        box.put("text 5")
        parley.wait(lambda: len(parley.received()) == 6, 30)
        assert parley.proved()
        parley.fill(3)  # sending goes by the workers, as for any other channel
        parley.wait(lambda: parley.states() == {"sent": 3}, 20)
        assert sorted(box.sent) == ["text 0", "text 1", "text 2"]
        kinds = parley.sql("SELECT kind, calls FROM routing_exchange WHERE kind = 'poll'")
        assert len(kinds) == 4
        assert "KEY" not in str(kinds)


def test_a_process_killed_before_it_confirmed_doubles_nothing(box: Box, vendor: Vendor) -> None:
    box.put("only once")
    box.confirms = False
    with start(vendor) as parley:
        killed = parley.start_links()
        parley.wait(lambda: parley.received() == ["only once"], 30)
        parley.kill(killed)
        parley.sql("UPDATE channels_app_linkstate SET cursor = ''")  # as if killed a moment before
        box.confirms = True
        parley.start_links()
        parley.wait(lambda: box.confirmed == ["m1"], 30)
        assert parley.received() == ["only once"]


def test_errors_turn_the_channel_red_and_then_green_again(box: Box, vendor: Vendor) -> None:
    box.refuses = Response({}, status=503)
    with start(vendor) as parley:
        parley.start_links()
        parley.wait(parley.fault, 30)
        assert parley.fault().startswith("Collected: HTTP 503")
        box.refuses = None
        box.put("after all")
        parley.wait(lambda: parley.received() == ["after all"], 20)
        parley.wait(lambda: not parley.fault(), 20)
        refused = "SELECT id FROM routing_exchange WHERE kind = 'poll' AND outcome = 'refused'"
        assert len(parley.sql(refused)) == 1  # once, however often it was asked


def test_a_refused_key_is_shown_until_another_one_is_entered(box: Box, vendor: Vendor) -> None:
    box.refuses = Response("KEY is wrong", status=401)
    with start(vendor) as parley:
        parley.start_links()
        parley.wait(parley.fault, 30)
        assert parley.fault() == "Collected: HTTP 401 ••• is wrong"
        asked = len(vendor.requests)
        box.refuses = None
        parley.apply("channels: [{name: Line, credentials: {key: NEW}}]")
        parley.wait(parley.proved, 30)
        assert len(vendor.requests) > asked
        assert vendor.requests[-1].headers["authorization"] == "Bearer NEW"


def test_a_message_to_an_unknown_number_is_kept_for_the_administrator(
    box: Box, vendor: Vendor
) -> None:
    box.put("lost", to="+41790000000")
    with start(vendor) as parley:
        parley.start_links()
        parley.wait(lambda: box.confirmed == ["m1"], 30)
        assert parley.sql("SELECT cause, error FROM routing_held") == [
            ("number", "+41790000000 is not set up in this channel.")
        ]
