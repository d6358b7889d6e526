"""Answers that SerwerSMS and JustSend do not bring: asked for by a real links process."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels_app.models import Channel, LinkState
from providers.base import Batch
from routing.links.collecting import Collector
from routing.links.station import Station, Store

from ..stories.vendor import Request, Response, Vendor
from .house import House


@pytest.mark.story
def test_what_serwersms_does_not_forward_is_asked_for() -> None:
    now = f"{datetime.now() + timedelta(days=1):%Y-%m-%d %H:%M:%S}"
    given = {"id": "7", "type": "ndi", "phone": "500600700", "recived": now, "text": "Dzień dobry"}
    asked: list[dict[str, Any]] = []

    def serwersms(request: Request) -> Response:
        asked.append(json.loads(request.body))
        return Response({"items": [{**given, "to_number": "+41791234510"}]})

    with Vendor(serwersms) as vendor:
        house = House(vendor.url, provider="serwersms", credentials='{token: T, asks: "ndi"}')
        with house as parley:
            parley.start_links()
            parley.wait(lambda: parley.received() == ["Dzień dobry"], 30)
            found = parley.sql("SELECT address FROM routing_customer")
            assert [row[0] for row in found] == ["+48500600700"]
            parley.wait(lambda: parley.sql("SELECT cursor FROM channels_app_linkstate")[0][0], 10)
            assert parley.sql("SELECT cursor FROM channels_app_linkstate")[0][0].startswith(now)
    assert (asked[0]["type"], asked[0]["read"]) == ("ndi", True)


@pytest.mark.story
def test_answers_to_a_keyword_of_justsend_are_asked_for() -> None:
    given = {"prefix": "AB", "msisdn": "48500111222", "message": "AB tak", "createDate": "x"}

    def justsend(request: Request) -> Response:
        assert request.path.startswith("/v2/report/response/messages/AB/20")
        return Response([given])

    known = '{api_key: K, generation: v2, keyword: AB, own_number: "+41791234510"}'
    with (
        Vendor(justsend) as vendor,
        House(vendor.url, provider="justsend", credentials=known) as parley,
    ):
        parley.start_links()
        parley.wait(lambda: parley.received() == ["AB tak"], 30)


@pytest.mark.django_db
def test_a_channel_that_asks_nobody_is_not_proved_by_that() -> None:
    channel = Channel.objects.create(name="Polish", provider="serwersms", fault="wrong token")
    LinkState.objects.create(channel=channel, holder="me")
    station = Station(channel, "me", Store())
    collector = Collector(station, channel.adapter, Store(), None)  # type: ignore[arg-type]
    collector._succeed(Batch(), [])
    assert Channel.objects.get().fault == "wrong token"
    collector._succeed(Batch(), [{"method": "POST"}])
    assert Channel.objects.get().fault == ""
