"""What administrators see of a channel's session."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_app.models import LinkState

from ..factories import ChannelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def pages(client: Client) -> list[str]:
    """The channel's line in the list, and its own page."""
    pk = ChannelFactory(provider="scripted", api_address="http://127.0.0.1:9").pk
    LinkState.objects.update_or_create(channel_id=pk, defaults=STATE)
    where = ("/admin/channels_app/channel/", f"/admin/channels_app/channel/{pk}/change/")
    return [client.get(each).content.decode() for each in where]


STATE: dict[str, object] = {}


@pytest.fixture(autouse=True)
def state() -> None:
    STATE.clear()


def test_what_the_session_tells_is_shown(admin_client: Client) -> None:
    STATE.update(holder="a", held_until=timezone.now() + timedelta(seconds=9))
    STATE.update(details={"window": 10, "last_seen": "<now>"})
    for page in pages(admin_client):
        assert "window: 10 · last seen: &lt;now&gt;" in page


def test_a_channel_that_no_process_has_says_so(admin_client: Client) -> None:
    for page in pages(admin_client):
        assert "No links process has this channel" in page
    assert "links process" not in admin_client.get("/admin/").content.decode()


def test_a_process_that_is_gone_is_told_of(admin_client: Client) -> None:
    STATE.update(holder="a", held_until=timezone.now() - timedelta(seconds=1))
    for page in pages(admin_client):
        assert "is gone; another one will take it" in page
