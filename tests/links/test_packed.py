"""Messages without a request are held and replayed like those with one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels_app.models import Number
from providers.base import Inbound, Media
from providers.errors import WebhookError
from routing import intake
from routing.intake.packed import pack, unpack
from routing.models import Held, Message, Rule

from .. import scene

MESSAGE = Inbound(
    "+41791112233",
    "+41790000000",
    "Grüezi",
    provider_id="m1",
    media=(Media(content=b"\x00\xff", name="a.png", content_type="image/png"),),
    sent_at=datetime(2026, 3, 14, 9, 30, tzinfo=UTC),
    name="Anna",
    others=("+41790000001",),
)


def test_a_message_survives_being_packed() -> None:
    assert unpack(pack([MESSAGE]).body) == [MESSAGE]
    assert unpack(pack([replace(MESSAGE, text="half \ud83d")]).body)[0].text == "half \ufffd"


def test_files_that_make_it_too_large_are_left_out(settings: Any) -> None:
    settings.WEBHOOK_MAX_BYTES = 1_000
    large = replace(MESSAGE, media=(Media(content=b"x" * 5_000, name="a.png"),))
    (found,) = unpack(pack([large]).body)
    assert (found.text, found.media[0].content) == ("Grüezi", None)


@pytest.mark.parametrize("body", [b"", b"[1]", b'[{"sender": "x"}]', b"\xff"])
def test_what_is_no_packed_message_says_so(body: bytes) -> None:
    with pytest.raises(WebhookError):
        unpack(body)


@pytest.mark.django_db
@pytest.mark.usefixtures("inline")
def test_only_what_could_not_be_filed_is_held_and_replayed() -> None:
    house = scene.build()
    door = intake.door_of("sandbox", house.channel.webhook_token)
    assert door
    known = replace(MESSAGE, recipient=scene.OURS, provider_id="m0", others=(), media=())
    found = intake.brought(door, [known, MESSAGE])
    found.store_rest()
    found.store_letters().result()
    assert Message.objects.get(direction=Message.IN).provider_id == "m0"
    held = Held.objects.get()
    assert unpack(bytes(held.body)) == [MESSAGE]
    with pytest.raises(WebhookError, match="is not set up"):
        intake.replay(held)
    number = Number.objects.create(channel=house.channel, value=MESSAGE.recipient)
    Rule.objects.create(number=number, queue=house.queue)
    assert intake.replay(held) == "Replayed: 1 new message."
    message = Message.objects.get(provider_id="m1")
    assert (message.text, message.attachments.get().size) == ("Grüezi", 2)
