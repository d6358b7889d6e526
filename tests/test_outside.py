"""Other systems send through a door: its key, its sender, once for each of their keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from routing import desk
from routing.desk import outside
from routing.models import Door, Errand, Message

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
