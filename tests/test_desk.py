"""What an agent can do, and what they cannot."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from routing import desk, live, outbox
from routing.models import AlreadyTaken, Message, PlatformEvent, Queue, Session, SessionClosed

from . import scene
from .scene import CUSTOMER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def events(session: Session) -> list[str]:
    return [m.event for m in session.messages.filter(direction=Message.SYSTEM)]


def test_an_answer_waits_in_the_outbox_with_its_segments() -> None:
    house = scene.build()
    session = house.customer_writes()
    message = desk.write(house.first, session, "  Grüße " + "x" * 160)
    assert (message.status, message.recipient, message.segments) == ("queued", CUSTOMER, 2)
    session.refresh_from_db()
    assert not session.last_inbound
    assert session.unread == 0
    assert outbox.place(message).position == 1


def test_the_place_tells_who_is_ahead_and_how_long_it_takes() -> None:
    house = scene.build(rate=2)
    session = house.customer_writes()
    for text in ("one", "two", "three"):
        message = desk.write(house.first, session, text)
    bulk = desk.write(house.first, session, "bulk", lane=Message.BULK)
    assert outbox.place(message).position == 3
    assert outbox.place(bulk).position == 4
    assert 1.4 < outbox.place(message).seconds < 1.6


def test_manual_pick_up_lets_all_members_answer_until_one_picks_up() -> None:
    house = scene.build(Queue.MANUAL)
    session = house.customer_writes()
    desk.write(house.first, session, "from Anna")
    desk.write(house.second, session, "from Ben")
    desk.pick_up(house.first, session)
    with pytest.raises(AlreadyTaken, match="Anna"):
        desk.write(house.second, session, "too late")
    assert events(session) == ["picked_up"]


def test_with_auto_pick_up_the_first_to_answer_has_the_session() -> None:
    house = scene.build(Queue.AUTO)
    session = house.customer_writes()
    desk.write(house.second, session, "mine")
    session.refresh_from_db()
    assert session.holder == house.second
    with pytest.raises(AlreadyTaken, match="Ben"):
        desk.write(house.first, session, "mine too")


def test_without_pick_up_all_members_answer_for_the_life_of_the_session() -> None:
    house = scene.build(Queue.NONE)
    session = house.customer_writes()
    for extension in (house.first, house.second, house.first):
        desk.write(extension, session, "hello")
    with pytest.raises(desk.Refused, match="stay with all"):
        desk.pick_up(house.first, session)
    session.refresh_from_db()
    assert session.holder is None


def test_the_second_to_pick_up_is_told_who_was_first() -> None:
    house = scene.build()
    session = house.customer_writes()
    desk.pick_up(house.first, session)
    desk.pick_up(house.first, session)  # again: nothing happens
    with pytest.raises(AlreadyTaken) as told:
        desk.pick_up(house.second, session)
    assert told.value.holder == house.first
    assert events(session) == ["picked_up"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_who_pick_up_at_once_one_wins() -> None:
    house = scene.build()
    for round_ in range(10):
        session = house.customer_writes(id=str(round_), **{"from": f"+4179000000{round_}"})
        start, results = threading.Barrier(2), []

        def pick(extension, session=session, start=start, results=results) -> None:
            try:
                start.wait()
                desk.pick_up(extension, Session.objects.get(pk=session.pk))
                results.append("won")
            except AlreadyTaken as taken:
                results.append(f"told {taken.holder.name}")
            finally:
                connection.close()

        threads = [threading.Thread(target=pick, args=(x,)) for x in (house.first, house.second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.refresh_from_db()
        assert Counter(results) == {"won": 1, f"told {session.holder.name}": 1}
        assert events(session) == ["picked_up"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_same_reply_posted_ten_times_at_once_is_one_message() -> None:
    house = scene.build()
    session = house.customer_writes()
    ids, failures = [], []

    def post() -> None:
        try:
            ids.append(desk.write(house.first, session, "once", client_key="k1").pk)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(set(ids)) == 1
    assert Message.objects.filter(direction=Message.OUT).count() == 1


def test_a_repeated_post_gives_the_first_message() -> None:
    house = scene.build()
    session = house.customer_writes()
    first = desk.write(house.first, session, "once", client_key="k1")
    assert desk.write(house.first, session, "once", client_key="k1") == first
    assert len(house.answers()) == 1


def test_a_transferred_session_leaves_the_list_with_its_history() -> None:
    house = scene.build()
    session = house.customer_writes()
    desk.pick_up(house.first, session)
    desk.transfer(house.first, session, house.second)
    assert not Session.objects.for_extension(house.first).exists()
    assert Session.objects.for_extension(house.second).get() == session
    with pytest.raises(AlreadyTaken):
        desk.write(house.first, session, "still me?")
    desk.transfer(house.second, Session.objects.get(), house.queue)
    assert Session.objects.get().holder is None
    platform = scene.platform()
    desk.transfer(house.first, Session.objects.get(), platform)
    moved = Session.objects.get()
    assert (moved.platform, moved.queue, moved.holder) == (platform, None, None)
    assert PlatformEvent.objects.get().message.text == "Hello"
    texts = [m.text for m in moved.messages.filter(event="transferred")]
    assert texts == [
        "Anna transferred to Ben",
        "Ben transferred to Support",
        "Anna transferred to Analytics",
    ]


def test_a_closed_session_takes_no_answer() -> None:
    house = scene.build()
    session = house.customer_writes()
    assert desk.close(house.first, session)
    assert not desk.close(house.first, session)
    with pytest.raises(SessionClosed):
        desk.write(house.first, session, "hello?")
    assert events(session) == ["closed"]


def test_an_archived_session_comes_back_with_the_next_message() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    mine = Session.objects.for_extension(house.first)
    desk.archive(house.first, session)
    assert not mine.not_archived_by(house.first).exists()
    assert mine.archived_by(house.first).get() == session
    assert Session.objects.for_extension(house.second).not_archived_by(house.second).exists()
    house.customer_writes(id="2")
    assert mine.not_archived_by(house.first).get() == session
    desk.archive(house.first, session)
    desk.unarchive(house.first, session)
    assert mine.not_archived_by(house.first).exists()


def test_only_allowed_extensions_start_sessions() -> None:
    house = scene.build()
    session = desk.start(house.first, house.number, "0041 79 111 22 33", "Hello")
    assert (session.customer.address, session.holder) == (CUSTOMER, house.first)
    assert desk.start(house.first, house.number, CUSTOMER, "Again") == session
    with pytest.raises(desk.Refused, match="may not start"):
        desk.start(house.second, house.number, CUSTOMER, "Hello")


@pytest.mark.parametrize("recipient", ["", "hello", "+41", "12", "+4179111223344556677"])
def test_a_wrong_recipient_is_refused_in_words(recipient: str) -> None:
    house = scene.build()
    with pytest.raises(desk.Refused, match=r"country code"):
        desk.start(house.first, house.number, recipient, "Hello")
    assert not Message.objects.exists()


def test_a_second_session_is_refused_or_taken_over() -> None:
    house = scene.build()
    house.number.rule.may_start.add(house.second)
    session = desk.start(house.first, house.number, CUSTOMER, "Hello")
    with pytest.raises(desk.Refused, match="active session with Anna"):
        desk.start(house.second, house.number, CUSTOMER, "Hello")
    house.channel.allow_second_session = True
    house.channel.save()
    assert desk.start(house.second, house.number, CUSTOMER, "I go on") == session
    assert Session.objects.get().holder == house.second
    assert events(session) == ["started", "taken_over"]


def test_text_and_files_are_checked_in_the_agents_words(monkeypatch) -> None:
    house = scene.build()
    session = house.customer_writes()
    with pytest.raises(desk.Refused, match="Write a text or choose a file"):
        desk.write(house.first, session, "  \n ")
    provider = house.channel.provider_class
    monkeypatch.setattr(provider, "max_text", 10)
    with pytest.raises(desk.Refused, match=r"has 11 characters; .* takes at most 10"):
        desk.write(house.first, session, "x" * 11)
    monkeypatch.setattr(provider, "media", None)
    with pytest.raises(desk.Refused, match="text only"):
        desk.write(house.first, session, "", upload=[SimpleUploadedFile("a.png", b"x")])
    assert not house.answers()


def test_files_beyond_what_one_message_takes_become_several() -> None:
    house = scene.build()
    session = house.customer_writes()
    most = house.channel.provider_class.media.max_files
    files = [SimpleUploadedFile(f"{n}.txt", b"hello", "text/plain") for n in range(most + 1)]
    desk.write(house.first, session, "Look", upload=files)
    first, second = house.answers()
    assert (first.text, second.text) == ("Look", "")
    assert first.attachments.count() + second.attachments.count() == most + 1


def test_a_stranger_can_do_nothing() -> None:
    house = scene.build()
    stranger = scene.agent("1003", "Carl")
    session = house.customer_writes()
    for act in (
        lambda: desk.write(stranger, session, "hi"),
        lambda: desk.close(stranger, session),
        lambda: desk.transfer(stranger, session, stranger),
    ):
        with pytest.raises(AlreadyTaken):
            act()
    assert not house.answers()


def test_agents_hear_that_their_queues_changed(
    monkeypatch, django_capture_on_commit_callbacks
) -> None:
    house = scene.build()
    told = []
    monkeypatch.setattr(live, "nudge", lambda to, **fields: told.append((to, fields)))
    with django_capture_on_commit_callbacks(execute=True):
        desk.tell_members({house.second.pk})
        desk.tell_members(set())
    assert told == [([f"extension:{house.second.pk}"], {"who": True})]
