"""A campaign's counts say the same as its rows."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import IntegrityError, transaction

from routing.models import Campaign, Message, Recipient
from routing.models.recipients import count, follow

from .factories import MessageFactory, NumberFactory

pytestmark = pytest.mark.django_db


def rows(campaign: Campaign) -> dict[str, int]:
    return {
        **dict.fromkeys(Recipient.STATES, 0),
        **Counter(campaign.recipients.values_list("state", flat=True)),
    }


@pytest.fixture
def campaign() -> Campaign:
    return Campaign.objects.create(name="Spring", number=NumberFactory(), text="Hello")


def test_recipients_follow_their_messages_and_the_counts_follow_them(
    campaign: Campaign, django_assert_num_queries
) -> None:
    messages = [MessageFactory(direction="out", status="queued") for _ in range(4)]
    for line, message in enumerate(messages):
        campaign.recipients.create(
            line=line, address=f"+4179111000{line}", state=Recipient.QUEUED, message=message
        )
    count([(campaign.pk, Recipient.QUEUED, 4)])
    for message, status in zip(messages, ("sending", "sent", "failed", "delivered"), strict=True):
        Message.objects.filter(pk=message.pk).update(status=status)
    with django_assert_num_queries(3):
        assert follow([each.pk for each in messages]) == 3
    assert follow([each.pk for each in messages]) == 0
    assert campaign.counts() == rows(campaign)
    assert (campaign.counts()["queued"], campaign.counts()["delivered"]) == (1, 1)


def test_a_recipient_is_once_in_a_campaign_and_its_duplicates_are_told(campaign: Campaign) -> None:
    campaign.recipients.create(line=1, address="+41791110000")
    campaign.recipients.create(
        line=2, address="+41791110000", state=Recipient.LEFT_OUT, reason=Recipient.DUPLICATE
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        campaign.recipients.create(line=3, address="+41791110000")


def test_only_one_call_begins_a_campaign_and_a_stopped_one_stays_stopped(
    campaign: Campaign,
) -> None:
    other = Campaign.objects.get(pk=campaign.pk)
    assert campaign.move(Campaign.RUNNING)
    assert not other.move(Campaign.RUNNING)
    assert campaign.move(Campaign.STOPPED)
    assert not other.move(Campaign.PAUSED)
