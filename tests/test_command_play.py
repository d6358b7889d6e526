"""manage.py play: a recorded webhook against a running channel, over real HTTP."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from channels_app.models import Channel, Number
from routing.models import Held, Message

from . import scene

pytestmark = pytest.mark.django_db(transaction=True)


def play(live_server: Any, *args: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("play", *args, url=live_server.url, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_a_recorded_text_arrives_in_the_inbox(live_server: Any) -> None:
    scene.build()
    out, err = play(live_server, "sandbox", "inbound_text")
    (message,) = Message.objects.filter(direction=Message.IN)
    assert "HTTP 200 OK" in out and not err
    assert f"Message {message.pk} from {message.sender} in session {message.session_id}" in out
    out, _ = play(live_server, "sandbox", "inbound_text")
    assert "No new message" in out
    assert Message.objects.filter(direction=Message.IN).count() == 1


def test_a_file_of_ones_own_is_played(live_server: Any, tmp_path: Path) -> None:
    scene.build()
    body = {"type": "message", "from": scene.CUSTOMER, "to": scene.OURS, "text": "from a file"}
    (tmp_path / "mine.json").write_text(json.dumps({"from": "me", "webhook": {"body": body}}))
    out, _ = play(live_server, "sandbox", str(tmp_path / "mine.json"))
    assert "from a file" in out


def test_what_cannot_be_read_is_told(live_server: Any) -> None:
    scene.build()
    with pytest.raises(CommandError, match="did not take it"):
        play(live_server, "sandbox", "inbound_truncated")
    assert Held.objects.count() == 1


def test_it_is_signed_with_the_secret_of_the_channel(live_server: Any) -> None:
    channel = Channel.objects.create(
        name="Signed", provider="general", credentials={"api_key": "K", "secret": "another one"}
    )
    Number.objects.create(channel=channel, value="+12025550123")
    out, err = play(live_server, "general", "inbound_signed")
    assert "Signed anew" in err
    assert "HTTP 200" in out


def test_a_choice_among_channels_is_asked_for(live_server: Any) -> None:
    scene.build()
    Channel.objects.create(name="Another phone", provider="sandbox")
    with pytest.raises(CommandError, match="Another phone, Virtual phone"):
        play(live_server, "sandbox", "inbound_text")
    assert "HTTP 200" in play(live_server, "sandbox", "inbound_text", channel="Virtual phone")[0]


@pytest.mark.parametrize(
    "args, said",
    [
        (("sandbox", "nonsense"), "known: .*inbound_text"),
        (("sandbox", "send_text"), "only those can be played"),
        (("aspsms", "inbound_text"), "no such channel"),
    ],
)
def test_mistakes_are_told(live_server: Any, args: tuple[str, str], said: str) -> None:
    scene.build()
    with pytest.raises(CommandError, match=said):
        play(live_server, *args)


def test_a_desk_that_does_not_run_is_told() -> None:
    scene.build()
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("play", "sandbox", "inbound_text", url="http://127.0.0.1:9")
