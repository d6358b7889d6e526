"""The demo: loaded once, into an empty house, and never over what people set up."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from channels_app.models import Channel
from routing.management.commands import demo
from routing.models import Extension, Queue, Rule

from . import factories

pytestmark = pytest.mark.django_db


def test_everything_for_a_round_trip_is_there() -> None:
    assert demo.load()
    channel = Channel.objects.get()
    assert (channel.provider, channel.rate) == ("sandbox", 10)
    for number in channel.numbers.all():
        number.full_clean()
        assert number.rule.may_start.count() == 2
    assert Queue.objects.get(name="Support").members.count() == 2
    assert {type(rule.destination) for rule in Rule.objects.all()} == {Queue, Extension}


def test_the_logins_log_in() -> None:
    demo.load()
    for login in demo.logins():
        assert Client().login(username=login.username, password=login.password)
    assert [login.username for login in demo.logins()] == ["first", "second", "admin"]


def test_a_second_time_changes_nothing_even_after_a_rename() -> None:
    demo.load()
    Queue.objects.update(name="Sales")
    assert not demo.load()
    assert [queue.name for queue in Queue.objects.all()] == ["Sales"]


def test_a_changed_password_is_not_told() -> None:
    demo.load()
    user = Extension.objects.get(number="1001").user
    user.set_password("my own")
    user.save()
    assert [login.username for login in demo.logins()] == ["second", "admin"]


def test_what_people_set_up_is_left_alone() -> None:
    factories.ChannelFactory()
    assert not demo.load()
    assert not Extension.objects.exists() and demo.logins() == []


def test_a_real_deployment_gets_no_well_known_passwords(settings: Any) -> None:
    settings.EMBEDDED = settings.DEMO = False
    with pytest.raises(CommandError, match="well-known passwords"):
        call_command("demo")
    settings.DEMO = True
    out = StringIO()
    call_command("demo", stdout=out)
    assert "first-password" in out.getvalue()
