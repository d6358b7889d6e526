"""What a network takes: lengths, files, a window for free texts, templates, who may begin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from providers.base import MediaRules
from routing import desk
from routing.models import Customer, Message, Session

from . import chat, scene
from .scene import CUSTOMER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def file(name: str = "a.png", content: bytes = PNG, kind: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def wrote(session: Session, **ago: float) -> None:
    Session.objects.filter(pk=session.pk).update(inbound_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize(
    ("unit", "text", "words"),
    [
        ("characters", "ä👋" * 6, "12 characters"),
        ("utf-16", "👋" * 6, "12 UTF-16 units"),
        ("bytes", "ä" * 6, "12 bytes in UTF-8"),
    ],
)
def test_each_unit_is_counted_as_the_provider_does(
    monkeypatch: Any, unit: str, text: str, words: str
) -> None:
    house = scene.build()
    session = house.customer_writes()
    chat.dress_up(monkeypatch, max_text=10, text_unit=unit)
    with pytest.raises(desk.Refused, match=f"The text has {words}; .* takes at most 10"):
        desk.write(house.first, session, text)
    assert desk.write(house.first, session, text[:5]).text == text[:5]


def test_a_text_beside_a_file_may_be_shorter(monkeypatch: Any) -> None:
    house = scene.build()
    session = house.customer_writes()
    chat.dress_up(monkeypatch, media=MediaRules(1000, max_text=5))
    with pytest.raises(desk.Refused, match=r"at most 5 beside a file\. Send the text by itself"):
        desk.write(house.first, session, "too long", upload=[file()])
    desk.write(house.first, session, "too long")
    desk.write(house.first, session, "short", upload=[file()])
    assert len(house.answers()) == 2


def test_where_no_text_goes_beside_a_file_it_follows_by_itself(monkeypatch: Any) -> None:
    house = scene.build()
    session = house.customer_writes()
    chat.dress_up(monkeypatch, media=MediaRules(1000, max_text=0))
    last = desk.write(house.first, session, "Look", upload=[file(), file()], client_key="k")
    assert [(m.text, m.has_files) for m in house.answers()] == [
        ("", True), ("", True), ("Look", False)
    ]  # fmt: skip
    assert (last.text, last.client_key) == ("Look", "k")


def test_a_type_may_have_a_limit_of_its_own(monkeypatch: Any) -> None:
    house = scene.build()
    session = house.customer_writes()
    rules = MediaRules(10_000, types=("image/", "text/plain"), sizes=(("image/", 50),))
    chat.dress_up(monkeypatch, media=rules)
    with pytest.raises(desk.Refused, match="takes at most 0 kB of the type image/png"):
        desk.write(house.first, session, "", upload=[file()])
    with pytest.raises(desk.Refused, match="does not take files of the type application/pdf"):
        desk.write(house.first, session, "", upload=[file("a.pdf", b"%PDF-1.7", "application/pdf")])
    desk.write(house.first, session, "", upload=[file("a.txt", b"x" * 90, "text/plain")])


def test_a_free_text_is_refused_once_the_window_is_closed(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    session = house.customer_writes()
    message = desk.write(house.first, session, "in time")
    wrote(session, hours=25)
    with pytest.raises(desk.Refused, match=r"within 24 hours .*, and these are over\. Send a temp"):
        desk.write(house.first, session, "too late")
    message.advance(Message.FAILED)
    with pytest.raises(desk.Refused, match="these are over"):
        desk.retry(house.first, message)


def test_the_window_lives_on_in_a_new_session(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    first = house.customer_writes()
    desk.close(house.first, first)
    session = desk.start(house.first, house.number, CUSTOMER, "once more")
    assert (session.inbound_at, len(house.answers())) == (None, 1)
    wrote(first, hours=30)
    with pytest.raises(desk.Refused, match="these are over"):
        desk.write(house.first, session, "too late")


def test_a_template_is_sent_where_no_text_may(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    template = chat.template(house.channel)
    with pytest.raises(desk.Refused, match="has not written yet"):
        desk.start(house.first, house.number, "user-7", "Hello")
    assert not Customer.objects.exists()
    session = desk.start(
        house.first, house.number, "user-7", template=template, values=["Ida", "Monday {{1}}"]
    )
    (message,) = house.answers()
    assert message.text == "Hello Ida, see you on Monday {{1}}."
    assert message.template == {"template": template.pk, "values": ["Ida", "Monday {{1}}"]}
    assert (session.customer.network, session.customer.address) == ("chat", "user-7")
    assert message.segments == 0


@pytest.mark.parametrize(
    ("values", "changes", "words"),
    [
        (["Ida"], {}, "Fill in all that appointment"),
        (["Ida", " "], {}, "Fill in all that appointment"),
        (["Ida", "Monday"], {"usable": False, "status": "REJECTED"}, "the provider says REJECTED"),
    ],
)
def test_a_template_that_cannot_be_sent_is_refused(
    monkeypatch: Any, values: list[str], changes: dict[str, Any], words: str
) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    session = house.customer_writes()
    template = chat.template(house.channel, **changes)
    with pytest.raises(desk.Refused, match=words):
        desk.write(house.first, session, template=template, values=values)
    assert not house.answers()


def test_a_template_of_another_channel_or_with_a_file_is_refused(monkeypatch: Any) -> None:
    house = scene.build()
    session = house.customer_writes()
    template = chat.template(house.channel)
    values = ["Ida", "Monday"]
    with pytest.raises(desk.Refused, match="No file"):
        desk.write(house.first, session, template=template, values=values, upload=[file()])
    house.channel.pk, house.channel.name, house.channel.webhook_token = None, "Other", "f" * 32
    house.channel.save()
    template.channel = house.channel
    template.save()
    with pytest.raises(desk.Refused, match="another channel"):
        desk.write(house.first, session, template=template, values=values)


def test_where_only_customers_begin_a_stranger_cannot_be_written_to(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch, starts=False)
    with pytest.raises(desk.Refused, match="only the customer can begin"):
        desk.start(house.first, house.number, "user-7", "Hello")
    assert not Customer.objects.exists()
    session = house.customer_writes(**{"from": "user-7"})
    desk.close(house.first, session)
    again = desk.start(house.first, house.number, " user-7 ", "Hello")
    assert again.customer == session.customer


def test_a_networks_own_form_of_an_address_is_used(monkeypatch: Any) -> None:
    def customer_address(cls: Any, typed: str) -> str:
        if typed[:1] != "@":
            raise ValueError("Write it with an @.")
        return typed[1:]

    house = scene.build()
    chat.dress_up(monkeypatch, window_hours=None, customer_address=classmethod(customer_address))
    with pytest.raises(desk.Refused, match="Write it with an @"):
        desk.start(house.first, house.number, "ida", "Hello")
    assert desk.start(house.first, house.number, "@ida", "Hello").customer.address == "ida"


def test_retrying_a_template_needs_no_window(monkeypatch: Any) -> None:
    house = scene.build()
    chat.dress_up(monkeypatch)
    session = house.customer_writes()
    template = chat.template(house.channel, body="Hello", variables=[])
    message = desk.write(house.first, session, template=template)
    wrote(session, days=9)
    message.advance(Message.FAILED)
    assert desk.retry(house.first, message)
