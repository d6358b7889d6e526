"""The channel list: status, the time filter, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import responses
import time_machine
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app.models import Channel
from routing.models import Exchange, HourCount, Message

from .factories import ChannelFactory, MessageFactory, NumberFactory, SessionFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/channels_app/channel/"
NOW = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)


@pytest.fixture
def counted() -> Channel:
    """A channel that received one message in each of these hours, told by their power of two."""
    channel = ChannelFactory()
    hours = [
        (datetime(2026, 3, 15, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 14, 23, tzinfo=UTC), 2),
        (datetime(2026, 3, 14, 0, tzinfo=UTC), 4),
        (datetime(2026, 3, 9, 0, tzinfo=UTC), 8),
        (datetime(2026, 3, 1, 0, tzinfo=UTC), 16),
        (datetime(2026, 2, 14, 0, tzinfo=UTC), 32),
        (datetime(2025, 1, 1, 0, tzinfo=UTC), 64),
    ]
    for hour, received in hours:
        HourCount.objects.create(channel=channel, hour=hour, received=received)
    return channel


def received(client: Client, query: str) -> int:
    with time_machine.travel(NOW, tick=False):
        answer = client.get(LIST + query)
    assert answer.status_code == 200
    return int(answer.context["cl"].result_list[0].figures.received)


@pytest.mark.parametrize(
    ("query", "sum_of_hours"),
    [
        ("", 1),
        ("?period=today", 1),
        ("?period=yesterday", 2 + 4),
        ("?period=7", 1 + 2 + 4 + 8),
        ("?period=30", 1 + 2 + 4 + 8 + 16 + 32),
        ("?period=month", 1 + 2 + 4 + 8 + 16),
        ("?period=all", 127),
        ("?from=2026-03-09&to=2026-03-14", 2 + 4 + 8),
        ("?from=2026-03-14", 1 + 2 + 4),
        ("?to=2026-02-14", 32 + 64),
        ("?period=rubbish", 1),
    ],
)
def test_each_period_counts_its_hours(
    admin_client: Client, counted: Channel, query: str, sum_of_hours: int
) -> None:
    assert received(admin_client, query) == sum_of_hours


def test_a_day_begins_where_the_administrator_is(
    admin_client: Client, counted: Channel, settings: LazySettings
) -> None:
    settings.TIME_ZONE = "Europe/Zurich"  # an hour ahead of UTC in winter
    assert received(admin_client, "?period=today") == 1 + 2
    assert received(admin_client, "?from=2026-03-14&to=2026-03-14") == 4


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?from=yesterday", "like 2026-03-31"),
        ("?from=2026-03-14&to=2026-03-01", "later than the second"),
        ("?to=9999-12-31", "like 2026-03-31"),
    ],
)
def test_impossible_dates_are_told(admin_client: Client, query: str, said: str) -> None:
    ChannelFactory()
    assert said in admin_client.get(LIST + query).content.decode()


def test_the_period_stays_while_searching(admin_client: Client, counted: Channel) -> None:
    assert received(admin_client, f"?period=all&q={counted.name}") == 127


def test_the_list_shows_what_waits_and_what_failed(admin_client: Client) -> None:
    session = SessionFactory()
    for _ in range(3):
        MessageFactory(session=session, answer=True)
    MessageFactory(session=session, answer=True, status=Message.SENT)
    figures = admin_client.get(LIST).context["cl"].result_list[0].figures
    assert figures.waiting == 3


def test_the_status_tells_its_reason(admin_client: Client) -> None:
    ChannelFactory(fault="ASPSMS: wrong User Key or Password")
    page = admin_client.get(LIST).content.decode()
    assert "Connection failed" in page
    assert "ASPSMS: wrong User Key or Password" in page


def test_the_list_costs_the_same_for_many_channels(admin_client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(LIST + "?period=all").status_code == 200
        return len(queries)

    def fill(count: int) -> None:
        for _ in range(count):
            number = NumberFactory()
            MessageFactory(session=SessionFactory(number=number), answer=True)
            HourCount.objects.create(channel=number.channel, hour=NOW, received=1)

    fill(1)
    cost()  # what is cached for ever is cached now
    with_one = cost()
    fill(12)
    assert cost() == with_one
    assert with_one <= 10


# actions


def act(client: Client, action: str, *channels: Channel) -> str:
    form = {"action": action, "_selected_action": [each.pk for each in channels]}
    return client.post(LIST, form, follow=True).content.decode()


def test_channels_are_paused_and_resumed(admin_client: Client) -> None:
    first, second = ChannelFactory(), ChannelFactory()
    assert "1 paused" in act(admin_client, "pause_sending", first)
    assert list(Channel.objects.filter(paused=True)) == [first]
    assert "1 resumed" in act(admin_client, "resume_sending", first, second)
    assert not Channel.objects.filter(paused=True).exists()


def test_several_channels_are_checked(admin_client: Client, settings: LazySettings) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    known = {"user_key": "KEY123", "password": "SECRET99"}
    good = ChannelFactory(provider="aspsms", credentials=known, api_address="http://good.example")
    bad = ChannelFactory(provider="aspsms", credentials=known, api_address="http://bad.example")
    with responses.RequestsMock() as mock:
        ok: dict[str, Any] = {"StatusCode": "1", "StatusInfo": "OK"}
        mock.post("http://good.example/CheckCredits", json=ok)
        mock.post("http://bad.example/CheckCredits", json={"StatusCode": "3", "StatusInfo": "No"})
        page = act(admin_client, "check_credentials", good, bad)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.status, bad.status) == (Channel.CONNECTED, Channel.FAILED)
    assert Exchange.objects.filter(kind=Exchange.CHECK).count() == 2
    assert f"{good}: ASPSMS accepts these credentials." in page


def test_the_log_of_checks_can_be_read(admin_client: Client) -> None:
    channel = ChannelFactory()
    Exchange.objects.create(channel=channel, kind=Exchange.CHECK, outcome=Exchange.REFUSED)
    Exchange.objects.create(channel=channel, kind=Exchange.CHECK, outcome=Exchange.OK)
    url = reverse("admin:routing_exchange_changelist") + "?outcome=trouble&kind=check"
    found = admin_client.get(url).context["cl"].result_list
    assert [exchange.outcome for exchange in found] == [Exchange.REFUSED]
