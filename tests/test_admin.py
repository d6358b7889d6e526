"""The admin as a whole: who gets in, what the first page says, that every page opens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_app.models import Channel
from routing.models import Exchange, Held, HourCount, Message, PlatformEvent

from .factories import (
    ExtensionFactory,
    MessageFactory,
    PlatformFactory,
    RuleFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

LISTS = [
    "channels_app_channel",
    "routing_extension",
    "routing_queue",
    "routing_platform",
    "routing_session",
    "routing_message",
    "routing_held",
    "routing_platformevent",
    "routing_exchange",
    "auth_user",
    "auth_group",
    "routing_door",
]
READ_ONLY = LISTS[4:9]


def test_the_login_leads_to_the_overview(client: Client) -> None:
    User.objects.create_superuser("boss", password="a-long-word")
    page = client.get(reverse("admin:login")).content.decode()
    hidden = re.search(r'name="next" value="([^"]+)"', page)
    fields = {"username": "boss", "password": "a-long-word", "next": hidden[1] if hidden else ""}
    answer = client.post(reverse("admin:login"), fields)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:index")
    assert "Overview" in client.get(answer["Location"]).content.decode()


def test_an_agent_does_not_get_in(client: Client) -> None:
    client.force_login(ExtensionFactory().user)
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("page", LISTS)
def test_every_list_opens_empty(admin_client: Client, page: str) -> None:
    assert admin_client.get(reverse(f"admin:{page}_changelist")).status_code == 200


def test_an_empty_list_says_what_to_do_first(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:channels_app_channel_changelist")).content.decode()
    assert "Connect your first channel" in page
    filtered = reverse("admin:channels_app_channel_changelist") + "?q=nothing"
    assert "Connect your first channel" not in admin_client.get(filtered).content.decode()


def test_the_overview_leads_from_nothing_to_the_first_message(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "Connect a channel" in page
    RuleFactory()
    assert "Connect a channel" not in admin_client.get(reverse("admin:index")).content.decode()


def test_the_overview_shows_what_needs_care(admin_client: Client) -> None:
    channel = RuleFactory(number__channel__fault="ASPSMS: wrong password").number.channel
    HourCount.objects.create(channel=channel, hour=_this_hour(), sent=9, delivered=4, failed=3)
    session = SessionFactory(number=channel.numbers.get())
    MessageFactory(session=session, answer=True)
    _held(channel)
    answer = admin_client.get(reverse("admin:index"))
    assert answer.context["totals"] == {
        "sent": 9,
        "delivered": 4,
        "failed": 3,
        "received": 0,
        "waiting": 1,
    }
    assert answer.context["held_count"] == 1
    assert "ASPSMS: wrong password" in answer.content.decode()


def test_a_user_sees_only_what_their_permissions_name(client: Client) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_held"))
    client.force_login(user)
    answer = client.get(reverse("admin:index"))
    assert "channels" not in answer.context
    assert answer.context["held_count"] == 0
    assert client.get(reverse("admin:channels_app_channel_changelist")).status_code == 403
    listed = [
        item["title"] for group in answer.context["sidebar_navigation"] for item in group["items"]
    ]
    assert listed == ["Overview", "Held requests"]


def test_every_page_of_one_thing_opens(admin_client: Client) -> None:
    rule = RuleFactory()
    session = SessionFactory(number=rule.number)
    message = MessageFactory(session=session)
    exchange = Exchange.objects.create(
        channel=session.channel, message=message, kind="send", outcome="sent"
    )
    event = PlatformEvent.objects.create(platform=PlatformFactory(), session=session)
    held = _held(session.channel)
    for thing in (rule.number.channel, ExtensionFactory(), rule.queue, event.platform, session):
        _opens(admin_client, thing)
    for thing in (message, exchange, held, event):
        _opens(admin_client, thing)


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("key", ["abc", "99999999999999999999", "7"])
def test_what_does_not_exist_is_told(admin_client: Client, page: str, key: str) -> None:
    for name in LISTS:
        if page == "delete" and name in READ_ONLY:
            continue
        answer = admin_client.get(reverse(f"admin:{name}_{page}", args=[key]), follow=True)
        assert "exist" in answer.content.decode(), name


def test_no_template_of_ours_holds_a_script() -> None:
    """A strict content security policy forbids scripts inside a page."""
    for template in Path("templates/admin").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
        assert not re.search(r"\son[a-z]+=", text), template


def _opens(client: Client, thing: object) -> None:
    name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change"
    assert client.get(reverse(name, args=[thing.pk])).status_code == 200, thing


def _held(channel: Channel) -> Held:
    return Held.objects.create(
        channel=channel, cause=Held.UNREADABLE, error="No.", method="POST", body=b"{", digest="1"
    )


def _this_hour() -> timezone.datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def test_messages_that_failed_are_found(admin_client: Client) -> None:
    failed = MessageFactory(answer=True, status=Message.FAILED, reason="The number is barred.")
    MessageFactory(session=failed.session)
    url = reverse("admin:routing_message_changelist") + "?status=trouble"
    found = admin_client.get(url).context["cl"].result_list
    assert list(found) == [failed]
