"""Campaigns in the admin: the steps of a draft, the page of one, its recipients and results."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from routing.models import Campaign, Message, Queue, Recipient

from ..scene import Scene, build
from .making import CSV, begun, draft, leave, numbers, ready

pytestmark = pytest.mark.django_db
LIST = "/admin/routing/campaign/"


@pytest.fixture
def house() -> Scene:
    return build(rate=Decimal(10))


def page(campaign: Campaign, step: str = "change") -> str:
    return f"{LIST}{campaign.pk}/{step}/"


def do(client: Client, campaign: Campaign, what: str) -> list[str]:
    """Press a button; returns what is said then."""
    answer = client.post(page(campaign, "do"), {"do": what}, follow=True)
    campaign.refresh_from_db()
    return [str(each) for each in answer.context["messages"]]


def test_a_campaign_is_made_in_four_steps(admin_client: Client, house: Scene) -> None:
    assert admin_client.get(f"{LIST}add/").status_code == 200
    file = SimpleUploadedFile("list.csv", CSV.encode())
    fields = {"name": "Spring", "number": house.number.pk, "file": file, "region": "ch"}
    answer = admin_client.post(f"{LIST}add/", fields)
    campaign = Campaign.objects.get()
    assert answer.url == page(campaign, "text")
    assert campaign.created_by == "admin"
    assert "Reading the list" in admin_client.get(answer.url).content.decode()
    ready(campaign)
    shown = admin_client.get(answer.url).content.decode()
    assert 'data-insert="name"' in shown and "Cilla" in shown
    answer = admin_client.post(answer.url, {"text": "Hello {{name}}"})
    assert answer.url == page(campaign, "schedule")
    chosen = {"when": "now", "mode": "direct", "zone": "UTC"}
    answer = admin_client.post(answer.url, chosen)
    assert answer.url == page(campaign, "check")
    assert "still being checked" in admin_client.get(answer.url).content.decode()
    ready(campaign)
    shown = admin_client.get(answer.url).content.decode()
    assert "Hello Anna" in shown and "When you press Start" in shown
    assert admin_client.post(answer.url).url == page(campaign)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.RUNNING
    assert admin_client.get(page(campaign, "text")).url == page(campaign)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a file with recipients"),
        ({"pasted": "name,town\nAnna,Bern"}, "No column of the list has phone numbers"),
        ({"pasted": "0791112233", "region": "XX"}, "no country with these two letters"),
    ],
)
def test_a_bad_list_leaves_no_draft(
    admin_client: Client, house: Scene, fields: dict[str, str], said: str
) -> None:
    answer = admin_client.post(
        f"{LIST}add/", {"name": "Spring", "number": house.number.pk, **fields}
    )
    assert said in answer.content.decode()
    assert not Campaign.objects.exists()


def test_a_time_is_meant_in_its_zone(admin_client: Client, house: Scene) -> None:
    campaign = draft(number=house.number)
    year = timezone.now().year + 1
    fields = {"when": "later", "zone": "Europe/Zurich", "mode": "sessions"}
    fields |= {"starts_at": f"{year}-07-01T09:00", "assign": f"queue-{house.queue.pk}"}
    assert admin_client.post(page(campaign, "schedule"), fields).status_code == 302
    campaign.refresh_from_db()
    assert campaign.starts_at.hour == 7
    assert (campaign.mode, campaign.queue) == (Campaign.SESSIONS, Queue.objects.get())
    assert "09:00 (Europe/Zurich)" in admin_client.get(page(campaign, "check")).content.decode()
    for change, said in (
        ({"starts_at": "2027-03-28T02:30"}, "The clocks go forward then"),
        ({"starts_at": "2020-07-01T09:00"}, "This time is over"),
        ({"zone": "Mars/Olympus"}, "no such time zone"),
    ):
        answer = admin_client.post(page(campaign, "schedule"), {**fields, **change})
        assert said in answer.content.decode()


def test_who_will_not_get_it_is_told_with_the_reason(admin_client: Client, house: Scene) -> None:
    campaign = draft(CSV + ",+41791110009\nZoe,12\n", number=house.number)
    shown = admin_client.get(page(campaign, "check")).content.decode()
    assert "A variable has no value" in shown and "line 4" in shown
    listed = f"/admin/routing/recipient/?campaign__id__exact={campaign.pk}"
    shown = admin_client.get(f"{listed}&reason=invalid").content.decode()
    assert "too few or too many digits" in shown
    assert "+41791110001" not in shown


def test_buttons_steer_a_campaign(admin_client: Client, house: Scene) -> None:
    campaign = begun(numbers(50), text="Hello", number=house.number)
    assert do(admin_client, campaign, "pause") == [
        "Paused. What had not left is back among the waiting."
    ]
    assert campaign.state == Campaign.PAUSED
    assert do(admin_client, campaign, "retry") == ["No message of this campaign has failed."]
    do(admin_client, campaign, "resume")
    do(admin_client, campaign, "stop")
    assert campaign.state == Campaign.STOPPED
    answer = admin_client.post(page(campaign, "do"), {"do": "rest"})
    copy = ready(Campaign.objects.latest("pk"))
    assert (answer.url, copy.counts()["waiting"]) == (page(copy, "recipients"), 50)
    assert do(admin_client, copy, "delete") == ["Copy of Spring is deleted."]
    assert admin_client.get(page(copy)).status_code == 404


def test_progress_is_told_by_few_queries(
    admin_client: Client, house: Scene, django_assert_max_num_queries
) -> None:
    campaign = begun(numbers(50), text="Hello", number=house.number)
    leave(house.number, most=15)
    with django_assert_max_num_queries(5):
        told = admin_client.get(page(campaign, "progress")).json()
    assert (told["percent"], told["words"]) == (30, "15 of 50 sent")
    assert (told["counts"]["queued"], told["state"]) == ("5", "running")
    assert {part["name"]: part["width"] for part in told["parts"]}["sent"] == "30.000"
    for _ in range(3):
        draft(number=house.number)
    for address in (page(campaign), LIST):
        with django_assert_max_num_queries(12):
            shown = admin_client.get(address).content.decode()
        assert "15 of 50 sent" in shown


def test_recipients_are_listed_by_few_queries(
    admin_client: Client, house: Scene, django_assert_max_num_queries
) -> None:
    campaign = begun(numbers(80), text="Hello", number=house.number)
    leave(house.number, Message.FAILED, most=15)
    listed = f"/admin/routing/recipient/?campaign__id__exact={campaign.pk}"
    with django_assert_max_num_queries(12):
        assert "+41791100003" in admin_client.get(listed).content.decode()
    shown = admin_client.get(f"{listed}&state=failed").content.decode()
    assert "+41791100003" in shown and "+41791100033" not in shown
    assert admin_client.get("/admin/routing/recipient/").url == LIST


def test_results_are_a_file_without_formulas(admin_client: Client, house: Scene) -> None:
    campaign = begun("name,number\n=1+1,+41791110001\nBea,12", number=house.number)
    leave(house.number)
    answer = admin_client.get(f"{LIST}{campaign.pk}/results.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["number"], first["state"], first["name"]) == ("+41791110001", "Sent", "'=1+1")
    assert (second["state"], second["reason"][:15]) == ("Left out", "No valid number")


def test_who_may_only_look_changes_nothing(client: Client, house: Scene) -> None:
    campaign = begun(numbers(3), text="Hello", number=house.number)
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_campaign", "view_recipient"])
    )
    client.force_login(user)
    assert client.get(page(campaign)).status_code == 200
    for what in ("pause", "clone", "delete"):
        assert client.post(page(campaign, "do"), {"do": what}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(page(draft(number=house.number), "text")).status_code == 403
    client.logout()
    assert client.get(page(campaign, "progress")).status_code == 302
    assert Recipient.objects.filter(campaign=campaign, state=Recipient.QUEUED).count() == 3
