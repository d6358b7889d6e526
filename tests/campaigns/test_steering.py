"""Pause, resume, stop, retry, clone, delete."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from routing import campaigns, desk
from routing.campaigns import steering
from routing.models import Campaign, Message, Recipient
from routing.outbox import claim, reap

from ..scene import build
from .making import begun, draft, leave, numbers, ready, rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


@pytest.fixture
def running() -> Campaign:
    """20 of 50 recipients are in the outbox."""
    return begun(numbers(50), text="Hello", number=build(rate=Decimal(10)).number)


def test_a_stop_takes_effect_at_once(running: Campaign) -> None:
    leave(running.number, most=5)
    flying = claim({running.number.channel_id: 3})
    campaigns.stop(running)
    assert not claim({running.number.channel_id: 100})
    assert running.counts() == rows(running)
    assert [running.counts()[s] for s in ("sent", "queued", "waiting")] == [5, 3, 42]
    campaigns.round_of_all()
    assert Message.objects.count() == 5 + len(flying)
    with pytest.raises(campaigns.Refused):
        campaigns.resume(running)


def test_a_pause_takes_back_what_has_not_left_and_resume_sends_it_once(running: Campaign) -> None:
    leave(running.number, most=5)
    campaigns.pause(running)
    assert not claim({running.number.channel_id: 100})
    campaigns.round_of_all()
    assert running.counts()["waiting"] == 45
    campaigns.resume(running)
    for _ in range(5):
        campaigns.round_of_all()
        leave(running.number)
    campaigns.round_of_all()
    running.refresh_from_db()
    assert (running.state, running.counts()["sent"]) == (Campaign.DONE, 50)
    assert Message.objects.values("recipient").distinct().count() == 50


@pytest.mark.parametrize("stop", [True, False])
def test_what_comes_back_to_the_outbox_after_a_pause_or_stop_does_not_leave(
    running: Campaign, stop: bool
) -> None:
    flying = claim({running.number.channel_id: 1})
    (campaigns.stop if stop else campaigns.pause)(running)
    Message.objects.filter(pk=flying[0].outcome.message).update(status=Message.QUEUED)
    campaigns.round_of_all()
    assert not claim({running.number.channel_id: 100})
    assert running.counts() == rows(running)
    assert running.counts()["failed" if stop else "queued"] == 1
    if not stop:
        campaigns.resume(running)
        assert len(claim({running.number.channel_id: 100})) == 1


def test_failed_ones_are_tried_once_more_but_unknown_ones_are_not() -> None:
    house = build(rate=Decimal(10))
    campaign = begun(numbers(12), text="Hello", number=house.number)
    leave(house.number, Message.FAILED, most=9)
    leave(house.number, Message.UNKNOWN)
    campaigns.round_of_all()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.DONE
    campaigns.retry_failed(campaign)
    assert campaign.is_retrying
    before = set(Message.objects.filter(status=Message.FAILED).values_list("reference"))
    campaigns.round_of_all()
    assert (campaign.counts()["queued"], campaign.counts()["unknown"]) == (9, 3)
    assert not before & set(Message.objects.values_list("reference"))
    leave(house.number, Message.FAILED, most=4)
    leave(house.number)
    campaigns.round_of_all()
    campaigns.round_of_all()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.counts()) == (Campaign.DONE, rows(campaign))
    assert (campaign.counts()["failed"], Message.objects.count()) == (4, 12)


def test_the_counts_follow_reports_dead_workers_and_agents() -> None:
    house = build()
    campaign = begun(numbers(4), text="Hello", number=house.number, mode=Campaign.SESSIONS)
    leave(house.number, Message.FAILED, most=1)
    leave(house.number, most=2)
    assert claim({house.channel.pk: 1})
    reap(timezone.now() + timezone.timedelta(minutes=10))
    sent = Message.objects.filter(status=Message.SENT).first()
    house.post({"type": "status", "status": "delivered", "id": sent.provider_id})
    wanted = {"failed": 1, "sent": 1, "delivered": 1, "unknown": 1}
    assert {state: n for state, n in campaign.counts().items() if n} == wanted
    failed = Message.objects.get(status=Message.FAILED)
    assert desk.retry(house.first, failed)
    assert campaign.counts() == rows(campaign)
    assert campaign.counts()["queued"] == 1


def test_answers_are_counted_once() -> None:
    house = build()
    house.customer_writes("before")
    campaign = begun("+41791112233\n+41791112244", text="Hello", number=house.number)
    house.customer_writes("Yes")
    house.customer_writes("Really")
    house.customer_writes("Who are you?", **{"from": "+41791112255"})
    assert campaigns.look() == 0  # transactions that began before may still bring messages
    later = timezone.now() + timezone.timedelta(minutes=1)
    assert [campaigns.look(later), campaigns.look(later)] == [1, 0]
    campaign.refresh_from_db()
    assert campaign.answered == 1
    assert campaign.recipients.exclude(answered_at=None).get().address == "+41791112233"


def test_a_copy_has_the_same_recipients_or_those_who_got_nothing() -> None:
    house = build(rate=Decimal(10))
    campaign = begun(
        numbers(30) + "\n12\n+41791100000", text="Hello", number=house.number, region="CH"
    )
    leave(house.number, most=15)
    leave(house.number, Message.FAILED, most=2)
    leave(house.number, Message.UNKNOWN)
    campaigns.stop(campaign)
    whole = ready(campaigns.clone(campaign))
    assert (whole.counts()["waiting"], whole.counts()["left_out"]) == (30, 2)
    rest = ready(campaigns.clone(campaign, unsent=True))
    assert rest.counts() == rows(rest)
    assert (sum(rest.counts().values()), rest.state) == (12, Campaign.DRAFT)
    assert rest.name == "Copy of Spring"


def test_a_deleted_campaign_leaves_its_messages() -> None:
    campaign = begun()
    with pytest.raises(campaigns.Refused):
        campaigns.delete(campaign)
    leave(campaign.number)
    campaigns.round_of_all()
    campaign.refresh_from_db()
    campaigns.delete(campaign)
    assert not Campaign.objects.kept().exists()
    assert not campaigns.clear_deleted()
    assert (Campaign.objects.count(), Recipient.objects.count(), Message.objects.count()) == (
        0,
        0,
        3,
    )


def test_only_drafts_are_changed_and_a_scheduled_one_becomes_a_draft() -> None:
    campaign = draft(starts_at=timezone.now() + timezone.timedelta(hours=1))
    campaigns.start(campaign)
    campaigns.change(campaign, starts_at=None)
    assert campaign.state == Campaign.DRAFT
    campaigns.start(campaign)
    for change in (
        lambda: campaigns.change(campaign, text="Other"),
        lambda: campaigns.set_list(campaign, numbers(1)),
        lambda: campaigns.start(campaign),
    ):
        with pytest.raises(campaigns.Refused):
            change()


def test_what_lacks_is_told_before_the_start() -> None:
    house = build()
    campaign = campaigns.make(name="Spring", number=house.number)
    assert "no recipients" in campaigns.why_not_start(campaign)
    campaigns.set_list(campaign, numbers(2))
    assert "still being read" in campaigns.why_not_start(campaign)
    ready(campaign)
    assert "Write a text" in campaigns.why_not_start(campaign)
    campaigns.change(campaign, text="Hello")
    assert "still being checked" in campaigns.why_not_start(campaign)
    assert campaigns.why_not_start(ready(campaign)) == ""
    both = {"extension": house.first, "queue": house.queue}
    with pytest.raises(campaigns.Refused, match="not both"):
        campaigns.change(campaign, **both)


def test_recall_in_steps(running: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "BATCH", 3)
    campaigns.stop(running)
    assert (running.counts()["waiting"], Message.objects.count()) == (50, 0)
