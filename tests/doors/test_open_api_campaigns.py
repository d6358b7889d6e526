"""Campaigns by the Open API: made, started, told, retried, and the sessions they begin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from routing import campaigns
from routing.models import Campaign, Message, Recipient, Session
from routing.models.recipients import follow

from ..factories import ChannelFactory, NumberFactory
from ..scene import Scene, build
from .caller import NOT_DONE, NOT_FOUND, OK, TOO_MANY, Caller, code, crm, fields

pytestmark = pytest.mark.django_db
FIRST = {"page": 1, "page_size": 10}


@pytest.fixture
def house() -> Scene:
    return build()


@pytest.fixture
def caller(house: Scene) -> Caller:
    crm()
    found = Caller()
    found.log_in()
    return found


def body(house: Scene, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Spring",
        "channel_type": "sms",
        "omnichannel_id": house.channel.pk,
        "sender": house.number.pk,
        "recipient_type": "input",
        "number_list": "+41791112233,+41791112234",
        "content_type": "text",
        "content": "Spring has come.",
        "send_type": "immediately",
        "send_mode": "new_session",
        "assign_to_type": "queue",
        "assign_to_id": house.queue.pk,
        **changes,
    }


def test_a_campaign_is_started_told_and_retried(house: Scene, caller: Caller) -> None:
    made = caller.post("message_campaign/create", **body(house))
    assert code(made) == OK
    campaign = Campaign.objects.get(pk=made["id"])
    assert (campaign.state, campaign.created_by) == (Campaign.RUNNING, "CRM")
    campaigns.round_of_all()
    sent = Message.objects.filter(direction=Message.OUT)
    assert {each.recipient for each in sent} == {"+41791112233", "+41791112234"}
    (row,) = caller.get("message_campaign/list", **FIRST)["list"]
    assert (row["status"], row["result_count"]) == ("executing", "0/2")
    told = caller.get("message_campaign/get", id=campaign.pk)["data"]
    assert (told["content"], told["send_mode"]) == ("Spring has come.", "new_session")
    assert (told["assign_to_type"], told["assign_to_id"]) == ("queue", house.queue.pk)
    assert code(caller.get("message_campaign/delete", id=campaign.pk)) == NOT_DONE
    failed = sent.order_by("pk").first()
    Message.objects.filter(pk=failed.pk).update(status=Message.FAILED)
    Message.objects.exclude(pk=failed.pk).update(status=Message.SENT)
    follow([each.pk for each in sent])
    campaigns.round_of_all()
    (row,) = caller.get("message_campaign/search", **FIRST, search_value="Spr")["list"]
    assert (row["status"], row["result_count"]) == ("completed", "1/2")
    assert code(caller.get("message_campaign/retry", id=campaign.pk)) == OK
    (listed,) = caller.get("message_campaign/query", ids=campaign.pk)["list"]
    assert listed["status"] == "retrying"


def test_sessions_that_a_campaign_began_are_a_collection_of_their_own(
    house: Scene, caller: Caller
) -> None:
    caller.post("message_campaign/create", **body(house, number_list=["+41791112233"]))
    campaigns.round_of_all()
    session = Session.objects.get()
    assert Recipient.objects.get().message.session == session

    def listed(**query: Any) -> list[int]:
        of = {"user_type": 1, "user_no": "1001", "page_size": 10}
        return [each["id"] for each in caller.get("message_session/list", **of, **query)["list"]]

    assert listed() == [] and listed(collection="all") == listed(collection="campaign")
    assert listed(collection="all") == [session.pk]
    told = caller.get("message_session/get", id=session.pk)["data"]
    assert (told["origin"], told["user_info"]["user_type"]) == ("campaign", 8)


def test_a_draft_is_changed_scheduled_and_deleted(house: Scene, caller: Caller) -> None:
    pk = caller.post("message_campaign/create", **body(house, send_type="draft"))["id"]
    assert Campaign.objects.get().state == Campaign.DRAFT
    at = int((timezone.now() + timedelta(days=1)).timestamp())
    change = {"id": pk, "name": "Summer", "send_type": "schedule", "send_time": at}
    assert code(caller.post("message_campaign/update", **change)) == OK
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.state) == ("Summer", Campaign.SCHEDULED)
    assert int(campaign.starts_at.timestamp()) == at
    assert code(caller.get("message_campaign/delete", id=pk)) == OK
    assert code(caller.get("message_campaign/get", id=pk)) == NOT_FOUND


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"channel_type": "fax"}, "channel_type"),
        ({"omnichannel_id": None}, "omnichannel_id"),
        ({"sender": "+15550100"}, "sender"),
        ({"recipient_type": "phonebook"}, "recipient_type"),
        ({"number_list": ""}, "number_list"),
        ({"number_list": "nobody"}, "number_list"),
        ({"content_type": "fax"}, "content_type"),
        ({"content": ""}, "content"),
        ({"content_type": "document"}, "files"),
        ({"send_type": "later"}, "send_type"),
        ({"send_type": "schedule"}, "send_time"),
        ({"send_mode": "both"}, "send_mode"),
        ({"assign_to_type": "api"}, "assign_to_type"),
    ],
)
def test_a_campaign_that_cannot_be_made(
    house: Scene, caller: Caller, changes: dict[str, Any], field: str
) -> None:
    assert fields(caller.post("message_campaign/create", **body(house, **changes))) == [field]
    assert not Campaign.objects.kept().exists()


def test_others_numbers_and_too_many_recipients(house: Scene, caller: Caller) -> None:
    many = [f"+4179{n:07}" for n in range(1001)]
    assert code(caller.post("message_campaign/create", **body(house, number_list=many))) == TOO_MANY
    mine = NumberFactory(channel=ChannelFactory())
    crm(mine, name="Some", secret="0123456789abcdef")
    other = Caller()
    other.log_in("some", "0123456789abcdef")
    assert fields(other.post("message_campaign/create", **body(house))) == ["sender"]
    pk = caller.post("message_campaign/create", **body(house, send_type="draft"))["id"]
    assert code(other.get("message_campaign/get", id=pk)) == NOT_FOUND
    assert other.get("message_campaign/list", **FIRST)["total_number"] == 0
