"""message_channel: set up, changed and deleted, by what also applies a configuration file."""

from __future__ import annotations

from typing import Any

import yaml
from django.db import transaction

from channels_app.models import Channel
from providers import registry

from ... import setup
from ...models import Door, Extension, Platform, Queue, Session
from . import channels, people
from .reading import Given
from .words import NOT_DONE, PARAMETER, Refusal, taken, wrong

MOST_DAYS = 10_000


def create(door: Door, given: Given) -> dict[str, Any]:
    people.whole_house(door)
    name = _free_name(given)
    given.word("webhook_url_type", ("fqdn", "nat"))
    word = given.text("channel", required=True)
    slug = channels.SLUGS.get(word, word)
    if slug not in registry.slugs():
        raise wrong("channel", "oneof")
    given.items("account_data", required=True)
    if slug == "apidaze":
        given.text("accompanying_msg", required=True)
    wanted = {"name": name, "provider": slug, **_wanted(door, given, slug)}
    _apply(wanted)
    return {"id": Channel.objects.get(name=name).pk}


def update(door: Door, given: Given) -> dict[str, Any]:
    people.whole_house(door)
    channel = channels.one_of(door, given.whole("id"))
    name = _free_name(given, channel) if "name" in given else channel.name
    if "webhook_url_type" in given:
        given.word("webhook_url_type", ("fqdn", "nat"))
    with transaction.atomic():
        if name != channel.name:
            Channel.objects.filter(pk=channel.pk).update(name=name)
        _apply({"name": name, **_wanted(door, given, channel.provider)})
    return {}


def delete(door: Door, given: Given) -> dict[str, Any]:
    """Not while it has sessions: their history would go with it."""
    people.whole_house(door)
    channel = channels.one_of(door, given.whole("id"))
    if Session.objects.filter(channel=channel).exists():
        raise Refusal(NOT_DONE, "This channel has sessions, so it cannot be deleted.")
    used = Door.objects.filter(sender__channel=channel).first()
    if used is not None:
        raise Refusal(NOT_DONE, f"A number of this channel is the sender of {used}.")
    channel.delete()
    return {}


def _free_name(given: Given, channel: Channel | None = None) -> str:
    name = given.text("name", required=True, most=127).strip()
    others = Channel.objects.exclude(pk=channel.pk) if channel else Channel.objects.all()
    if others.filter(name=name).exists():
        raise taken("name", name)
    return name


def _wanted(door: Door, given: Given, slug: str) -> dict[str, Any]:
    """What a file would say; what is not given stays as it is."""
    found: dict[str, Any] = {}
    if "account_data" in given:
        found["credentials"] = _credentials(given, slug)
    if "send_rate" in given:
        found["rate"] = given.whole("send_rate", least=1, most=100_000)
    if "auto_close_session" in given:
        closes = given.yes("auto_close_session")
        days = given.whole("session_expired_time", least=1, most=MOST_DAYS) if closes else None
        found["close_after_days"] = days
    if "enb_duplicate_active_session" in given:
        found["allow_second_session"] = given.yes("enb_duplicate_active_session")
    if "accompanying_msg" in given:
        found["accompanying_text"] = given.text("accompanying_msg", most=500)
    if given.found.get("dids"):
        found["numbers"] = [_number(door, each) for each in given.items("dids")]
    return found


def _credentials(given: Given, slug: str) -> dict[str, str]:
    names = channels.keys_of(slug)
    found = {}
    for each in given.items("account_data"):
        name, value = each.text("k", required=True), each.text("v", most=5000)
        if value != channels.HIDDEN:  # as it was shown: it stays what it is
            found[names.get(name, name)] = value
    return found


def _number(door: Door, routing: Given) -> dict[str, Any]:
    found: dict[str, Any] = {"number": routing.text("number", required=True)}
    if "destination_type" in routing:
        match people.destination(door, routing):
            case Extension() as to:
                found["inbound"] = {"extension": to.number}
            case Queue() as to:
                found["inbound"] = {"queue": to.name}
            case Platform() as to:
                found["inbound"] = {"platform": to.name}
    if routing.found.get("extensions") is not None:
        listed = routing.items("extensions")
        found["may_start"] = [people.extension(each, "extension_id").number for each in listed]
    return found


def _apply(channel: dict[str, Any]) -> None:
    """Apply it as a file; what is wrong with it is said in the file's words."""
    try:
        setup.apply(yaml.safe_dump({"channels": [channel]}, allow_unicode=True))
    except setup.NotApplied as refused:
        said = [str(each).partition("channels[0].")[2] or str(each) for each in refused.mistakes]
        fields = [{"field": each.partition(":")[0], "validation_type": "invalid"} for each in said]
        raise Refusal(PARAMETER, " ".join(said), invalid_param_list=fields) from None
