"""Sending and its outcomes: what each answer of a provider does to a message and its channel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from providers import base, errors
from providers.adapters.sandbox import Adapter as Sandbox
from routing import delivery, desk, outbox
from routing.models import Exchange, HourCount, Message, Part, Report

from . import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]


class Story:
    """One answer on its way out."""

    def __init__(self) -> None:
        self.house = scene.build()
        session = self.house.customer_writes(id="1")
        self.message = desk.write(self.house.first, session, "Good morning")
        (self.claimed,) = outbox.claim({self.house.channel.pk: 5})

    def ends(self, status: str, reason: str = "", ids: tuple[str, ...] = (), **more) -> Message:
        outcome = self.claimed.outcome
        outcome.status, outcome.reason, outcome.provider_ids = status, reason, list(ids)
        for name, value in more.items():
            setattr(outcome, name, value)
        self.house.channel.refresh_from_db()
        delivery.settle([outcome], {self.house.channel.pk: self.house.channel})
        return self.now()

    def report(self, status: str, **fields) -> int:
        return delivery.record(self.house.channel, [base.Report(status, **fields)])

    def now(self) -> Message:
        self.message.refresh_from_db()
        return self.message


def test_a_claimed_message_is_nobody_elses() -> None:
    story = Story()
    assert story.now().status == Message.SENDING
    assert outbox.claim({story.house.channel.pk: 5}) == []


def test_an_accepted_message_is_sent_counted_and_logged() -> None:
    story = Story()
    message = story.ends("sent", ids=("p1",))
    assert (message.status, message.provider_id) == ("sent", "p1")
    assert message.exchanges.get().outcome == "sent"
    count = HourCount.objects.get()
    assert (count.sent, count.delivered, count.failed, count.received) == (1, 0, 0, 1)
    story.house.channel.refresh_from_db()
    assert story.house.channel.status == "connected"


def test_a_refused_message_fails_with_the_reason() -> None:
    story = Story()
    message = story.ends("failed", "Example: no such number")
    assert (message.status, message.reason) == ("failed", "Example: no such number")
    assert HourCount.objects.get().failed == 1
    story.house.channel.refresh_from_db()
    assert not story.house.channel.fault


def test_a_refused_key_turns_the_channel_red_at_once() -> None:
    story = Story()
    story.ends("failed", "Example: wrong key", channel_fault=True)
    story.house.channel.refresh_from_db()
    assert story.house.channel.status == "failed"
    assert story.house.channel.status_reason == "Example: wrong key"


def test_a_throttled_message_waits_as_long_as_the_provider_said() -> None:
    story = Story()
    message = story.ends("queued", "slow down", throttled=True, after=30.0)
    assert message.status == Message.QUEUED
    assert 28 < (message.due_at - timezone.now()).total_seconds() <= 30
    assert HourCount.objects.get().sent == 0
    assert outbox.claim({story.house.channel.pk: 5}) == []


def test_an_unreachable_provider_is_tried_later_each_time_and_given_up_after_a_day() -> None:
    story = Story()
    waits = []
    for attempts in (1, 4, 8, 20):
        story.claimed.outcome.attempts = attempts
        story.message.advance("sending")
        message = story.ends("queued", "not reached", unavailable=True, after=None)
        waits.append((message.due_at - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert waits[0] < 3
    assert waits[-1] <= 720
    story.message.advance("sending")
    created = timezone.now() - timedelta(hours=25)
    message = story.ends(
        "queued", "not reached", created_at=created, attempts=200, calls=[{}], after=None
    )
    assert message.status == Message.FAILED
    assert message.reason.startswith("Given up after 24 hours.")


def test_a_report_before_the_sends_answer_is_believed() -> None:
    story = Story()
    assert story.report("delivered", reference=story.message.reference) == 1
    assert story.now().status == "delivered"
    message = story.ends("sent", ids=("p1",))
    assert (message.status, message.provider_id) == ("delivered", "p1")
    count = HourCount.objects.get()
    assert (count.sent, count.delivered) == (1, 1)


def test_a_report_by_the_providers_id_before_the_answer_is_parked_and_matched() -> None:
    story = Story()
    assert story.report("delivered", provider_id="p1") == 0
    assert Report.objects.get().message is None
    message = story.ends("sent", ids=("p1",))
    assert message.status == "delivered"
    assert Report.objects.get().message == message


def test_reports_never_move_a_message_backwards_however_often_they_come() -> None:
    story = Story()
    story.ends("sent", ids=("p1",))
    for status in ("delivered", "sent", "delivered", "failed"):
        story.report(status, provider_id="p1")
    assert story.now().status == "delivered"
    assert [r.applied for r in Report.objects.all()] == [True, False, False, False]
    assert HourCount.objects.get().delivered == 1
    story.report("read", provider_id="p1")
    assert story.now().status == "read"
    assert HourCount.objects.get().delivered == 1


def test_a_report_for_something_unknown_is_kept() -> None:
    story = Story()
    assert story.report("delivered", provider_id="never heard of") == 0
    assert Report.objects.filter(message=None).count() == 1


def test_a_report_settles_an_unknown_message() -> None:
    story = Story()
    assert story.ends("unknown", "no answer").status == "unknown"
    story.report("failed", reference=story.message.reference, reason="absent subscriber")
    assert (story.now().status, story.message.reason) == ("failed", "absent subscriber")


def test_several_ids_make_one_state() -> None:
    story = Story()
    story.ends("sent", ids=("p1", "p2", "p3"))
    assert Part.objects.count() == 3
    for part in ("p1", "p2"):
        story.report("delivered", provider_id=part)
        assert story.now().status == "sent"
    story.report("delivered", provider_id="p3")
    assert story.now().status == "delivered"


def test_one_failed_part_fails_the_message() -> None:
    story = Story()
    story.ends("sent", ids=("p1", "p2"))
    story.report("delivered", provider_id="p1")
    story.report("failed", provider_id="p2", reason="Phone off")
    assert story.now().status == "failed"
    assert story.message.reason == "Phone off (1 of 2 parts delivered)"


def test_an_outcome_of_an_earlier_attempt_changes_nothing_after_a_retry() -> None:
    story = Story()
    story.message.advance("unknown")
    assert desk.retry(story.house.first, story.message)
    message = story.ends("failed", "too late")
    assert (message.status, message.provider_id) == ("queued", "")


def test_a_retry_is_a_new_attempt_of_the_same_message() -> None:
    story = Story()
    message = story.ends("failed", "no", ids=())
    before = message.reference
    assert desk.retry(story.house.first, message)
    assert story.now().reference != before
    (again,) = outbox.claim({story.house.channel.pk: 5})
    delivery.settle([again.outcome], {})
    assert story.now().status == "sent"
    assert [e.outcome for e in message.exchanges.order_by("pk")] == ["failed", "sent"]
    assert not desk.retry(story.house.first, story.now())


def test_what_a_dead_worker_left_is_unknown_and_visible() -> None:
    story = Story()
    assert outbox.reap() == 0
    assert outbox.reap(timezone.now() + timedelta(minutes=3)) == 1
    assert story.now().status == "unknown"
    assert "interrupted" in story.message.reason
    assert outbox.claim({story.house.channel.pk: 5}) == []
    assert Exchange.objects.filter(message=story.message).get().outcome == "unknown"


def test_a_persons_answer_goes_before_bulk_then_by_age() -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    for text, lane in (
        ("bulk", Message.BULK),
        ("first", Message.PERSON),
        ("second", Message.PERSON),
    ):
        desk.write(house.first, session, text, lane=lane)
    assert [c.text for c in outbox.claim({house.channel.pk: 2})] == ["first", "second"]
    assert [c.text for c in outbox.claim({house.channel.pk: 2})] == ["bulk"]


def test_secrets_are_cut_out_of_the_log() -> None:
    story = Story()
    story.house.channel.provider = "apidaze"
    story.house.channel.credentials = {"api_key": "key", "api_secret": "s3cr3t/+"}
    story.house.channel.save()
    call = {"url": "https://x/?api_secret=s3cr3t%2F%2B", "request": "s3cr3t/+", "answer": ""}
    message = story.ends("sent", calls=[call])
    assert "s3cr3t" not in message.exchanges.get().calls


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [
        (errors.Rejected("no"), "failed", False),
        (errors.OptedOut("stop"), "failed", False),
        (errors.BadCredentials("who"), "failed", True),
        (errors.Throttled("slow", after=3), "queued", False),
        (errors.Unavailable("away"), "queued", False),
        (errors.Uncertain("silence"), "unknown", False),
        (ZeroDivisionError("ours"), "failed", False),
        (None, "sent", False),
    ],
)
def test_each_error_has_its_consequence(error, status: str, fault: bool) -> None:
    import asyncio

    from providers.http import AsyncCarrier

    class Adapter(Sandbox):
        def send(self, message):
            if error:
                raise error
            return "id"
            yield

    outcome = Story().claimed.outcome
    message = base.Outbound("+41791234510", "+41791112233", "Hi", "ref")
    sending = AsyncCarrier().run(Adapter({}).send(message), outcome.calls)
    asyncio.run(delivery.attempt(sending, Adapter.name, outcome))
    assert (outcome.status, outcome.channel_fault) == (status, fault)
    assert error is None or str(error) in outcome.reason


def test_a_report_beside_the_open_transaction_of_the_answer_is_matched_afterwards() -> None:
    story = Story()
    story.report("delivered", provider_id="p1")
    Message.objects.filter(pk=story.message.pk).update(status="sent", provider_id="p1")
    assert delivery.match_recent_orphans(timezone.now()) == 1
    assert story.now().status == "delivered"
    assert delivery.match_recent_orphans(timezone.now()) == 0


def test_parts_never_move_backwards_and_a_retry_forgets_them() -> None:
    story = Story()
    story.ends("sent", ids=("p1", "p2"))
    for part, status in (("p1", "delivered"), ("p1", "sent"), ("p2", "delivered")):
        story.report(status, provider_id=part)
    assert story.now().status == "delivered"
    other = Story.__new__(Story)
    other.__dict__ = dict(story.__dict__)
    Message.objects.update(status="failed")
    other.message.refresh_from_db()
    assert other.message.retry()
    assert not Part.objects.exists()


def test_a_message_that_only_waited_is_not_given_up() -> None:
    story = Story()
    created = timezone.now() - timedelta(days=3)
    message = story.ends("queued", "paused", created_at=created, attempts=2, calls=[{}])
    assert message.status == "queued"


def test_an_absurd_retry_after_is_cut_to_an_hour() -> None:
    story = Story()
    message = story.ends("queued", "slow down", throttled=True, after=1e12, calls=[{}])
    assert (message.due_at - timezone.now()).total_seconds() <= 3600
