"""Other systems send through a door: its key, its sender, once for each of their keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import desk
from routing.desk import outside
from routing.inbox import bubbles
from routing.models import Door, Errand, Message, Session

from . import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


def door(house: scene.Scene) -> Door:
    made = Door(name="Branch PBX", kind=Door.YEASTAR_SMS, sender=house.number)
    made.set_key()
    made.save()
    return made


def test_a_message_joins_the_customers_open_session() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    message = outside.send(door(house), house.number, session.customer.address, "Your code is 1")
    assert (message.session, message.author, message.status) == (session, None, Message.QUEUED)
    assert message.errand.door.name == "Branch PBX"


def test_a_new_session_goes_to_whoever_would_get_the_answer() -> None:
    house = scene.build()
    message = outside.send(door(house), house.number, "+41 79 111 22 44", "Hello")
    assert message.recipient == "+41791112244"
    rule = house.number.rule
    assert (message.session.queue, message.session.holder) == (rule.queue, rule.extension)


def test_the_same_key_sends_once_and_another_doors_key_is_another() -> None:
    house = scene.build()
    here, there = door(house), Door.objects.create(name="CRM", kind=Door.OPENAPI, client_id="crm")
    first = outside.send(here, house.number, "+41791112244", "Hello", client_key="k1")
    assert outside.send(here, house.number, "+41791112244", "Hello", client_key="k1") == first
    assert outside.send(there, house.number, "+41791112244", "Hello", client_key="k1") != first
    assert Errand.objects.count() == 2


def test_what_the_provider_would_not_take_is_refused() -> None:
    house = scene.build()
    here = door(house)
    with pytest.raises(desk.Refused, match="is not a phone number"):
        outside.send(here, house.number, "nobody", "Hello")
    with pytest.raises(desk.Refused, match="Write a text"):
        outside.send(here, house.number, "+41791112244", " ")


def test_the_old_key_works_for_another_day() -> None:
    made = Door(name="PBX", kind=Door.YEASTAR_SMS)
    first = made.set_key()
    second = made.set_key()
    later = timezone.now() + timedelta(hours=25)
    assert made.fits(second, later)
    assert made.fits(first)
    assert not made.fits(first, later)
    assert not made.fits("")
    assert first not in str(vars(made))


def test_keys_may_be_long_and_differ_at_their_end() -> None:
    house = scene.build()
    here = door(house)
    sent = {
        outside.send(here, house.number, "+41791112244", "Hello", client_key="x" * 200 + end).pk
        for end in ("a", "b", "a")
    }
    assert len(sent) == 2


def test_a_machines_message_leaves_the_customers_unread() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    outside.send(door(house), house.number, session.customer.address, "Your code is 1")
    session.refresh_from_db()
    assert session.unread == 1


def test_a_closed_session_stays_closed() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    Session.objects.update(closed_at=timezone.now())
    message = outside.send(door(house), house.number, session.customer.address, "Hello")
    assert message.session != session


def test_where_only_customers_begin_nobody_else_does() -> None:
    house = scene.build()
    house.channel.provider, house.number.channel = "line", house.channel
    with pytest.raises(desk.Refused, match="only the customer can begin"):
        outside.send(door(house), house.number, "someone", "Hello")


def test_agents_see_which_door_wrote() -> None:
    house = scene.build()
    message = outside.send(door(house), house.number, "+41791112244", "Hello")
    shown, _ = bubbles.newest(message.session)
    (bubble,) = [each for each in shown if each.message == message]
    assert bubble.author == "Branch PBX"
