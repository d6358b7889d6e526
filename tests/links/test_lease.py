"""Leases: of all who want a channel one gets it, and keeps it for as long as it renews."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from channels_app.models import Channel, LinkState
from routing.links import lease

from ..factories import ChannelFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def channel(**fields: Any) -> Channel:
    return ChannelFactory(provider="scripted", api_address="http://127.0.0.1:9", **fields)


def test_of_twenty_who_race_for_a_channel_one_gets_it() -> None:
    found = [channel() for _ in range(5)]
    start, won = threading.Barrier(20), []

    def race(n: int) -> None:
        try:
            start.wait()
            for each in found:
                if lease.take(each.pk, f"holder {n}"):
                    won.append((each.pk, f"holder {n}"))
        finally:
            connection.close()

    racers = [threading.Thread(target=race, args=[n]) for n in range(20)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(won) == sorted(LinkState.objects.values_list("channel", "holder"))
    assert len(won) == 5


def test_a_lease_that_ran_out_is_anothers_and_cannot_be_renewed() -> None:
    made = channel()
    assert lease.take(made.pk, "first")
    assert not lease.take(made.pk, "second")
    assert lease.renew([made.pk], "first") == {made.pk}
    assert [each.free for each in lease.wanted()] == [False]
    LinkState.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert lease.renew([made.pk], "first") == set()  # too late, though nobody took it yet
    assert [each.free for each in lease.wanted()] == [True]
    assert lease.take(made.pk, "second")
    lease.give_back(made.pk, "first")  # a late goodbye takes nothing from the new holder
    assert LinkState.objects.get().holder == "second"
    lease.give_back(made.pk, "second")
    assert lease.take(made.pk, "third")


def test_a_lease_ends_as_many_seconds_from_now_as_the_setting_says(settings: Any) -> None:
    settings.LINK_LEASE_SECONDS = 45
    made = channel()
    lease.take(made.pk, "first")
    left = LinkState.objects.get().held_until - timezone.now()
    assert 43 < left.total_seconds() < 46


def test_only_channels_that_need_a_process_of_their_own_are_wanted() -> None:
    wanted = channel()
    channel(paused=True)
    ChannelFactory(provider="sandbox")
    ChannelFactory(provider="gone")
    assert list(lease.wanted()) == [wanted]
