"""The links process as it runs: one session a channel, whatever dies, and nothing lost with it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from .house import LEASE, House
from .peer import Peer, accept

pytestmark = [pytest.mark.story]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as made:
        yield made


def test_a_session_carries_messages_both_ways(peer: Peer) -> None:
    with House(peer.url, workers=1) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30, "a green channel")
        parley.fill(20)
        parley.wait(lambda: parley.states() == {"sent": 20}, 20)
        assert sorted(peer.texts) == sorted(f"text {n}" for n in range(20))
        inbound = {"from": "+41791112233", "to": "+41791234510", "text": "Hello"}
        peer.say(number=1, message="m1", **inbound)
        peer.say(number=2, message="m1", **inbound)  # the same again
        peer.say(number=3, delivered=f"id-{peer.sent[0]['reference']}")
        parley.wait(lambda: peer.acks == [1, 2, 3], 30)
        assert parley.received() == ["Hello"]  # stored before it was acknowledged
        assert parley.states() == {"sent": 19, "delivered": 1}
        ((details,),) = parley.sql("SELECT details FROM channels_app_linkstate")
        assert "10" in str(details)


def test_a_message_to_an_unknown_number_waits_for_the_administrator(peer: Peer) -> None:
    with House(peer.url) as parley:
        parley.start_links()
        parley.wait(lambda: peer.sessions, 30)
        fields = {"from": "+41791112233", "to": "+41790000000", "text": "Grüezi"}
        peer.say(number=1, message="m1", **fields)
        parley.wait(lambda: peer.acks == [1], 30)
        assert parley.received() == []
        parley.manage(
            "shell",
            "-c",
            "from channels_app.models import Number; "
            "from routing.models import Held, Rule; from routing import intake; "
            "n = Number.objects.create(channel_id=1, value='+41790000000'); "
            "Rule.objects.create(number=n, queue_id=1); "
            "print(intake.replay(Held.objects.get(cause='number')))",
        )
        assert parley.received() == ["Grüezi"]


def test_without_a_session_messages_wait_and_the_channel_says_why(peer: Peer) -> None:
    with House(peer.url, workers=1, beat=True) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30)
        peer.stop()
        parley.wait(parley.fault, 30)
        assert parley.fault().startswith("The peer ")
        parley.fill(5)
        time.sleep(3)
        assert parley.states() == {"queued": 5}
        assert parley.sql("SELECT max(attempts) FROM routing_message") == [(0,)]
        peer.start()
        parley.wait(lambda: parley.states() == {"sent": 5}, 30)
        parley.wait(lambda: not parley.fault(), 20)


def test_two_processes_never_hold_one_session_twice(peer: Peer) -> None:
    with House(peer.url) as parley:
        for _ in range(2):
            parley.start_links()
        parley.wait(lambda: peer.sessions, 30)
        first = parley.holder()
        time.sleep(LEASE * 1.5)  # both have looked, and one has renewed
        assert parley.holder() == first
        assert peer.most_at_once == 1
        holding, other = parley.links
        if f":{holding.pid}:" not in first:
            holding, other = other, holding
        parley.stop(holding)  # gives it back, so that the other need not wait
        parley.wait(lambda: f":{other.pid}:" in parley.holder(), LEASE * 0.9)
        parley.wait(lambda: peer.sessions, 20)
        assert peer.most_at_once == 1
        parley.stop(other)
        assert parley.holder() == ""
        assert not peer.sessions


def test_a_killed_process_is_followed_by_another_and_nothing_goes_twice(peer: Peer) -> None:
    hanging = threading.Event()

    def hang(said: dict[str, object]) -> dict[str, object] | None:
        if said["text"] == "text 0":
            hanging.set()
            return None
        return accept(said)

    peer.answer = hang
    with House(peer.url, beat=True, workers=1) as parley:
        parley.fill(5)
        killed = parley.start_links()
        assert hanging.wait(30)
        parley.wait(lambda: parley.states() == {"sending": 1, "sent": 4}, 30)
        parley.kill(killed)
        killed_at = time.monotonic()
        parley.start_links()
        parley.fill(3, first=5)
        parley.wait(lambda: parley.states() == {"sending": 1, "sent": 7}, 30)
        assert time.monotonic() - killed_at > LEASE * 0.3
        assert peer.most_at_once == 1
        parley.age()
        parley.wait(lambda: parley.states() == {"unknown": 1, "sent": 7}, 20)
        assert sorted(peer.texts) == sorted(f"text {n}" for n in range(8))


def test_a_stopped_process_leaves_no_message_in_between(peer: Peer) -> None:
    peer.answer = lambda said: None if said["text"] == "text 3" else accept(said)
    with House(peer.url) as parley:
        parley.fill(4)
        links = parley.start_links()
        parley.wait(lambda: len(peer.sent) == 4, 30)
        parley.stop(links, 25)
        assert parley.states() == {"sent": 3, "unknown": 1}
        assert parley.holder() == ""


def test_a_mistake_in_one_link_is_shown_and_ends_nothing_else(peer: Peer) -> None:
    with House(peer.url) as parley:
        links = parley.start_links()
        parley.wait(parley.proved, 30)
        peer.say(crash=True)
        parley.wait(parley.fault, 30)
        assert "a mistake in the link" in parley.fault()
        parley.wait(lambda: not parley.fault(), 10)  # it came back by itself
        assert links.poll() is None


def test_a_refused_password_is_shown_until_another_one_is_entered(peer: Peer) -> None:
    peer.password = "right"
    with House(peer.url, credentials="{password: outdated}") as parley:
        parley.start_links()
        parley.wait(parley.fault, 30)
        assert parley.fault() == "Scripted: wrong password."
        parley.apply("channels: [{name: Line, credentials: {password: right}}]")
        parley.wait(parley.proved, 30)
        assert len(peer.sessions) == 1


def test_a_paused_channel_has_no_session(peer: Peer) -> None:
    with House(peer.url) as parley:
        parley.start_links()
        parley.wait(lambda: peer.sessions, 30)
        parley.apply("channels: [{name: Line, paused: true}]")
        parley.wait(lambda: not peer.sessions, 30)
        parley.wait(lambda: parley.holder() == "", 20)
        parley.apply("channels: [{name: Line, paused: false}]")
        parley.wait(lambda: peer.sessions, 30)


def test_a_process_that_was_frozen_lets_go_when_it_wakes_up(peer: Peer) -> None:
    with House(peer.url) as parley:
        frozen = parley.start_links()
        parley.wait(lambda: peer.sessions, 30)
        other = parley.start_links()
        frozen.send_signal(signal.SIGSTOP)
        parley.wait(lambda: f":{other.pid}:" in parley.holder(), 60)
        parley.wait(lambda: len(peer.sessions) == 2, 5)  # the peer cannot know that one is dead
        parley.fill(5)
        frozen.send_signal(signal.SIGCONT)
        parley.wait(lambda: len(peer.sessions) == 1, LEASE)
        parley.wait(lambda: parley.states() == {"sent": 5}, 30)
        assert sorted(peer.texts) == [f"text {n}" for n in range(5)]
        assert f":{other.pid}:" in parley.holder()
