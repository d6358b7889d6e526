"""Lists become recipients, and each is asked whether it will get the message."""

from __future__ import annotations

from itertools import count

import pytest
from django.utils import timezone

from routing import campaigns
from routing.campaigns import reading
from routing.models import Campaign, Recipient

from ..factories import NumberFactory, SessionFactory
from .making import draft, numbers, ready, reasons, rows

pytestmark = pytest.mark.django_db


def test_who_will_not_get_it_and_why() -> None:
    number = NumberFactory(value="+41791119999")
    campaign = draft(
        "name,number\nAnna,079 111 00 01\nBea,+41 79 111 00 01\n,+41791110002\nDora,12\n"
        "Emma,+41791119999\nFay,\nGina,+999123456789\nHanna,+41791110003",
        number=number,
    )
    assert reasons(campaign) == {
        "+41 79 111 00 01": "duplicate",
        "+41791110002": "variable",
        "12": "invalid",
        "+41791119999": "unreachable",
        "": "invalid",
        "+999123456789": "invalid",
    }
    assert campaign.counts() == rows(campaign)
    assert campaign.counts()["waiting"] == 2
    assert (campaign.checked, campaign.segments, campaign.lines_read) == (True, 2, 8)
    twice = campaign.recipients.get(reason="duplicate")
    assert twice.detail == "The same number is in line 1."


def test_another_text_is_checked_again_and_counts_stay_true() -> None:
    campaign = draft()
    campaigns.change(campaign, text="x" * 161)
    assert not campaign.checked
    assert ready(campaign).segments == 6
    campaigns.change(campaign, text="{{town}}")
    assert ready(campaign).counts() == rows(campaign)
    assert set(reasons(campaign).values()) == {"variable"}
    assert campaigns.why_not_start(campaign).startswith("Nobody would get this")
    campaigns.change(campaign, name="Summer", text="{{name}}")
    assert ready(campaign).counts()["waiting"] == 3
    assert campaign.segments == 3


def test_a_text_that_the_channel_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.adapters.sandbox.Adapter.max_text", 9)
    campaign = draft(text="Dear {{name}}")
    assert reasons(campaign) == {"+41791110003": "text"}


def test_free_texts_outside_the_window_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.adapters.sandbox.Adapter.window_hours", 24.0)
    number = NumberFactory()
    SessionFactory(number=number, customer__address="+41791110001", inbound_at=timezone.now())
    campaign = draft(numbers(3), "Hello", number=number)
    assert set(reasons(campaign).values()) == {"window"}
    SessionFactory(number=number, customer__address="+41791100001", inbound_at=timezone.now())
    campaigns.change(campaign, text="Hello!")
    assert ready(campaign).counts()["waiting"] == 1


def test_reading_goes_on_where_it_was_broken_off(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    monkeypatch.setattr(reading, "BATCH", 10)
    campaign = campaigns.make(name="Spring", number=NumberFactory(), text="Hello")
    campaigns.set_list(campaign, numbers(25) + "\n+41791100003")
    ticks = count()
    monkeypatch.setattr(reading, "monotonic", lambda: next(ticks))
    assert campaigns.read_some(seconds=3)  # the time is up after some batches
    campaign.refresh_from_db()
    assert (campaign.lines_read, campaign.is_reading) == (10, True)
    with django_assert_max_num_queries(3 * 10 + 10):
        campaigns.read_some(seconds=1000)
    campaign.refresh_from_db()
    assert (campaign.lines_read, campaign.is_reading) == (26, False)
    assert campaign.counts() == rows(campaign)
    assert campaign.counts()["left_out"] == 1


def test_a_second_reader_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = campaigns.make(name="Spring", number=NumberFactory(), text="Hello")
    campaigns.set_list(campaign, numbers(5))
    late = Campaign.objects.get(pk=campaign.pk)
    campaigns.read_some()
    reading.read(late, float("inf"))
    assert Recipient.objects.count() == 5


def test_a_new_list_replaces_the_recipients_or_is_appended() -> None:
    campaign = draft(numbers(5), "Hello")
    campaigns.set_list(campaign, numbers(7), append=True)
    assert ready(campaign).counts()["waiting"] == 7
    assert campaign.counts()["left_out"] == 5
    campaigns.set_list(campaign, numbers(3))
    assert ready(campaign).counts() == rows(campaign)
    assert sum(rows(campaign).values()) == 3


def test_a_list_that_cannot_be_read_is_refused_at_once() -> None:
    campaign = campaigns.make(name="Spring", number=NumberFactory(), text="Hello")
    with pytest.raises(campaigns.Refused, match="No column of the list has phone numbers"):
        campaigns.set_list(campaign, "name,town\nAnna,Bern")
