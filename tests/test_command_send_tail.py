"""manage.py send and manage.py tail."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from routing.management.commands import send, tail
from routing.management.commands.tail import Follower
from routing.models import Message

from .factories import ChannelFactory, MessageFactory, NumberFactory
from .scene import OURS, build

pytestmark = pytest.mark.django_db
CUSTOMER = "+41791112233"


def sent(*more: str) -> dict[str, object]:
    out = StringIO()
    call_command("send", "--from", OURS, "--to", CUSTOMER, *more, stdout=out)
    told: dict[str, object] = json.loads(out.getvalue())
    return told


def test_send_queues_a_message_and_tells_it(tmp_path: Path) -> None:
    house = build()
    told = sent("--text", "Grüezi")
    assert (told["status"], told["from"], told["to"]) == ("queued", OURS, CUSTOMER)
    message = Message.objects.get(pk=told["id"])
    assert (message.text, message.session.queue) == ("Grüezi", house.queue)
    (tmp_path / "menu.pdf").write_bytes(b"%PDF-1.4")
    told = sent("--file", str(tmp_path / "menu.pdf"), "--bulk")
    message = Message.objects.get(pk=told["id"])
    assert message.attachments.get().content_type == "application/pdf"
    assert message.lane == Message.BULK


@pytest.mark.parametrize(
    ("status", "wanted", "code"),
    [
        ("delivered", "delivered", 0),
        ("sent", "sent", 0),
        ("sent", "delivered", send.WAITING),
        ("failed", "sent", send.FAILED),
        ("unknown", "sent", send.UNKNOWN),
        ("queued", "sent", send.WAITING),
    ],
)
def test_the_exit_code_tells_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch, status: str, wanted: str, code: int
) -> None:
    build()
    ticks = iter(range(100))
    monkeypatch.setattr(send.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(send.time, "sleep", lambda _: Message.objects.update(status=status))
    ended = 0
    try:
        sent("--text", "Hello", "--wait", wanted, "--timeout", "5")
    except SystemExit as end:
        ended = int(end.code or 0)
    assert ended == code


def test_what_cannot_be_sent_is_said() -> None:
    house = build()
    with pytest.raises(CommandError, match="Write a text"):
        sent()
    with pytest.raises(CommandError, match="cannot be read"):
        sent("--file", "/nowhere/at/all")
    with pytest.raises(CommandError, match="is none of our numbers"):
        call_command("send", "--from", "+41790000000", "--to", CUSTOMER, "--text", "Hello")
    NumberFactory(channel=ChannelFactory(name="Other"), value=OURS)
    with pytest.raises(CommandError, match="Several channels"):
        sent("--text", "Hello")
    assert sent("--text", "Hello", "--channel", house.channel.name)["status"] == "queued"


def test_a_message_that_is_committed_late_is_printed_and_none_is_doubled() -> None:
    follower = Follower(Message.objects.all(), tail._start(None))
    first, late, third = (MessageFactory() for _ in range(3))
    Message.objects.filter(pk=late.pk).delete()  # not committed yet
    assert [each.pk for each in follower.new()] == [first.pk, third.pk]
    late.save(force_insert=True)
    assert [each.pk for each in follower.new()] == [late.pk]
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert [list(follower.new()), list(follower.new())] == [[], []]
    last = MessageFactory(direction=Message.OUT)
    assert [each.pk for each in follower.new()] == [last.pk]


def test_tail_begins_at_a_moment_a_message_or_now() -> None:
    old, new = MessageFactory(), MessageFactory()
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=2))
    since = {"1h": old.pk, "3h": old.pk - 1, str(old.pk): old.pk, None: new.pk}
    since[(timezone.now() - timedelta(hours=1)).isoformat()] = old.pk
    for asked, after in since.items():
        found = tail._start(asked)
        seen = [each.pk for each in Follower(Message.objects.all(), found).new()]
        assert seen == [pk for pk in (old.pk, new.pk) if pk > after]
    with pytest.raises(CommandError, match="neither a time nor"):
        tail._start("yesterday")


def test_a_line_cannot_move_the_terminals_cursor() -> None:
    line = tail._line(MessageFactory(text="a\x1b[2Jb\nc"))
    assert line.endswith(": a [2Jb c")
