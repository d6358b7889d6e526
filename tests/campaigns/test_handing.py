"""Recipients go to the outbox, a few seconds ahead of the rate, each once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app.models import Template
from routing import campaigns, desk, files
from routing.campaigns import handing
from routing.models import Attachment, Campaign, Message, Queue, Recipient, Session
from routing.outbox import claim

from ..scene import build
from .making import begun, draft, leave, numbers, ready, rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline")]
SMALL = {"rate": Decimal(10)}


def test_a_few_seconds_of_the_rate_go_ahead_and_all_are_sent_once() -> None:
    house = build(**SMALL)
    campaign = begun(numbers(50), text="Hello", number=house.number)
    assert campaign.counts() == rows(campaign)
    assert campaign.counts()["queued"] == 20
    campaigns.round_of_all()
    assert campaign.counts()["queued"] == 20
    while campaign.state == Campaign.RUNNING:
        leave(house.number, most=7)
        campaigns.round_of_all()
        assert campaign.counts() == rows(campaign)
        campaign.refresh_from_db()
    assert campaign.state == Campaign.DONE
    assert campaign.counts()["sent"] == 50
    sent = Message.objects.filter(direction=Message.OUT)
    assert sent.values("recipient").distinct().count() == sent.count() == 50
    assert {each.lane for each in sent} == {Message.BULK}


def test_a_batch_costs_a_fixed_number_of_queries(django_assert_max_num_queries) -> None:
    campaign = draft(numbers(300), "Hello")
    campaigns.start(campaign)
    with django_assert_max_num_queries(20):
        assert handing.hand_over(campaign.pk, 300) == 300
    with django_assert_max_num_queries(12):
        campaigns.round_of_all()


def test_each_gets_their_own_text() -> None:
    begun()
    assert set(Message.objects.values_list("recipient", "text", "segments")) == {
        ("+41791110001", "Hello Anna", 1),
        ("+41791110002", "Hello Bea", 1),
        ("+41791110003", "Hello Cilla", 1),
    }


def test_a_recipient_can_never_have_two_messages() -> None:
    campaign = begun()
    row = campaign.recipients.first()
    again = {"client_key": row.key, "session_id": row.message.session_id}
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(channel=campaign.channel, direction=Message.OUT, **again)
    Recipient.objects.filter(pk=row.pk).update(state=Recipient.WAITING)  # as after a bad restore
    with pytest.raises(IntegrityError), transaction.atomic():
        handing.hand_over(campaign.pk, 10)
    other = campaign.recipients.last()
    with pytest.raises(IntegrityError), transaction.atomic():
        Recipient.objects.filter(pk=other.pk).update(message=row.message)


def test_a_persons_answer_is_claimed_before_all_of_them() -> None:
    house = build(**SMALL)
    begun(numbers(50), text="Hello", number=house.number)
    session = house.customer_writes()
    answer = desk.write(house.first, session, "Good morning")
    assert claim({house.channel.pk: 1})[0].outcome.message == answer.pk


def test_a_direct_message_is_in_nobodys_list_until_the_customer_answers() -> None:
    house = build()
    begun("+41791112233", text="Spring sale!", number=house.number)
    mine = Session.objects.for_extension(house.first)
    assert not mine.exists()
    session = house.customer_writes("Yes please")
    assert mine.get() == session
    assert (session.queue, session.unread, session.last_text) == (house.queue, 1, "Yes please")
    assert [each.text for each in session.messages.all()] == ["Spring sale!", "Yes please"]


def test_a_message_lies_in_the_open_session_and_hides_no_question() -> None:
    house = build()
    asked = house.customer_writes("Are you open?")
    desk.pick_up(house.first, asked)
    answered = house.customer_writes("Thanks", **{"from": "+41791112244"})
    desk.write(house.second, answered, "You are welcome")
    begun("+41791112233\n+41791112244", text="Sale!", number=house.number)
    for session, text, inbound in ((asked, "Are you open?", True), (answered, "Sale!", False)):
        session.refresh_from_db()
        assert (session.last_text, session.last_inbound) == (text, inbound)
        assert session.messages.filter(text="Sale!").count() == 1
    assert asked.holder == house.first


def test_sessions_are_opened_for_those_the_campaign_names() -> None:
    house = build()
    other = Queue.objects.create(name="Sales")
    options = {"text": "Sale!", "number": house.number, "mode": Campaign.SESSIONS}
    begun("+41791112233", queue=other, **options)
    assert Session.objects.get().queue == other
    begun("+41791112244", **options)
    assert Session.objects.latest("pk").queue == house.queue


def test_an_agent_takes_a_session_that_nobody_has() -> None:
    house = build()
    begun("+41791112233", text="Sale!", number=house.number)
    session = desk.start(house.first, house.number, "+41791112233", "Hello")
    assert session.holder == house.first
    assert session.messages.filter(text="Sale!").exists()


def test_a_template_is_filled_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.adapters.sandbox.Adapter.window_hours", 24.0)
    house = build()
    template = Template.objects.create(
        channel=house.channel, name="order", language="en", body="Dear {{1}}", variables=["1"]
    )
    campaign = draft(text="", number=house.number, template=template, values=["{{name}}"])
    assert campaign.counts()["waiting"] == 3
    campaigns.start(campaign)
    campaigns.round_of_all()
    message = Message.objects.get(recipient="+41791110001")
    assert message.text == "Dear Anna"
    assert message.template == {"template": template.pk, "values": ["Anna"]}


def test_one_kept_file_travels_with_all_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = campaigns.make(name="Spring", number=build().number, text="Look")
    campaigns.set_file(campaign, SimpleUploadedFile("menu.pdf", b"%PDF-1.4 menu"))
    campaigns.set_list(campaign, numbers(2))
    campaigns.start(ready(campaign))
    campaigns.round_of_all()
    first, second = Attachment.objects.all()
    assert first.file.name == second.file.name
    assert (first.name, first.content_type) == ("menu.pdf", "application/pdf")
    files.drop([first])  # of one erased message: the others still need it
    assert second.file.read() == b"%PDF-1.4 menu"
    second.file.close()


def test_what_changed_since_the_check_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = draft(numbers(3), "Hello")
    refused = lambda number, addresses: {"+41791100001"}  # noqa: E731
    monkeypatch.setattr("routing.campaigns.checking.opted_out", refused)
    campaigns.start(campaign)
    campaigns.round_of_all()
    assert campaign.counts() == rows(campaign)
    assert campaign.counts()["left_out"] == 1
    assert campaign.recipients.get(state="left_out").reason == Recipient.OPTED_OUT


def test_a_campaign_begins_at_its_time() -> None:
    campaign = draft(starts_at=timezone.now() + timezone.timedelta(hours=1))
    campaigns.start(campaign)
    campaigns.round_of_all()
    assert (campaign.state, Message.objects.count()) == (Campaign.SCHEDULED, 0)
    campaigns.round_of_all(campaign.starts_at)
    campaign.refresh_from_db()
    assert (campaign.state, Message.objects.count()) == (Campaign.RUNNING, 3)


def test_a_paused_channel_gets_nothing_and_two_campaigns_share_the_room() -> None:
    house = build(**SMALL)
    both = [draft(numbers(50), "Hello", number=house.number) for _ in range(2)]
    house.channel.paused = True
    house.channel.save()
    for each in both:
        campaigns.start(each)
    campaigns.round_of_all()
    assert not Message.objects.exists()
    house.channel.paused = False
    house.channel.save()
    campaigns.round_of_all()
    assert [each.counts()["queued"] for each in both] == [10, 10]
