"""message_channel: what there is, and what it did."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from channels_app.models import Channel, Number, Template
from providers import registry

from ...forwarding.records import channel_type
from ...models import Door, Extension, Queue, Rule
from . import figures
from .reading import Given
from .words import NOT_FOUND, Refusal

#: Our slugs by the API's words, where they differ.
SLUGS = {"facebook": "messenger"}
WORDS = {slug: word for word, slug in SLUGS.items()}
#: Our names of credentials by the API's, of those providers where they differ.
GENERAL = {"api_secret": "secret"}
KEYS = {
    "general": GENERAL,
    "bandwidth": {"username": "user"},
    "whatsapp": {"business_account_id": "account_id"},
    "voipms": {"api_username": "username", "api_password": "password"},
    "aspsms": {"userkey": "user_key"},
}
HIDDEN = "******"


def word_of(slug: str) -> str:
    return WORDS.get(slug, slug)


def keys_of(slug: str) -> dict[str, str]:
    """How a provider's credentials are called here; presets go by what they stand on."""
    return KEYS.get(slug) or KEYS.get(registry.stands_on(slug), {})


def theirs(door: Door) -> QuerySet[Channel]:
    """The channels that the door may see, with its numbers in them."""
    numbers = [number.pk for number in door.numbers]
    inside = Number.objects.order_by("value").select_related("rule")
    found = Channel.objects.order_by("name", "pk")
    if numbers:
        inside = inside.filter(pk__in=numbers)
        found = found.filter(Q(pk__in=Number.objects.filter(pk__in=numbers).values("channel")))
    return found.prefetch_related(Prefetch("numbers", inside, to_attr="reached"))


def one_of(door: Door, pk: int) -> Channel:
    found = theirs(door).filter(pk=pk).first()
    if found is None:
        raise Refusal(NOT_FOUND, "There is no such message channel.")
    return found


def listed(door: Door, given: Given) -> dict[str, Any]:
    """list and search, with the figures of ``time_range``."""
    wanted = given.word("time_range", figures.RANGES)
    found = theirs(door)
    if word := given.text("search_value"):
        with_number = door.reach.filter(value__icontains=word).values("channel")
        found = found.filter(Q(name__icontains=word) | Q(pk__in=with_number))
    page = list(found[given.page()])
    counted = figures.counts([each.pk for each in page], wanted)
    return {
        "total_number": found.count(),
        "list": [_row(each) | counted[each.pk] for each in page],
    }


def _row(channel: Any) -> dict[str, Any]:
    return {
        "id": channel.pk,
        "status": "status_connect_fail" if channel.fault else "status_connect_succ",
        "reason": channel.status_reason or ("Paused" if channel.paused else ""),
        "name": channel.name,
        "channel": word_of(channel.provider),
        "type": type_of(channel),
        "number": [each.value for each in channel.reached],
    }


def type_of(channel: Channel) -> str:
    known = channel.provider in registry.slugs()
    network = channel.provider_class.network if known else channel.provider
    return channel_type(channel.provider, network)


def one(door: Door, given: Given) -> dict[str, Any]:
    found = told(door, one_of(door, given.whole("id")))
    return {"data": found, "list": [found]}


def many(door: Door, given: Given) -> dict[str, Any]:
    found = [told(door, each) for each in theirs(door).filter(pk__in=given.ids())]
    if not found:
        raise Refusal(NOT_FOUND)
    return {"data": found, "list": found}


def told(door: Door, channel: Any) -> dict[str, Any]:
    """A channel in whole. Secrets are not shown; of others' webhooks nothing is."""
    days, whole = channel.close_after_days, not door.numbers
    credentials = channel.credentials if channel.provider in registry.slugs() else {}
    return {
        "id": channel.pk,
        "name": channel.name,
        "domain_type": "nat",
        "webhook_gid": channel.webhook_token if whole else "",
        "webhook_url": channel.webhook_url if whole else "",
        "type": type_of(channel),
        "channel": word_of(channel.provider),
        "account_data": _account(channel, credentials) if whole else [],
        "verify_token": credentials.get("verify_token", "") if whole else "",
        "phone_number_id": "",
        "business_account_id": credentials.get("account_id", "") if whole else "",
        "send_rate": float(channel.rate),
        "auto_close_session": int(days is not None),
        "session_expired_time": days or 0,
        "enb_duplicate_active_session": int(channel.allow_second_session),
        "accompanying_msg": channel.accompanying_text,
        "dids": [_routing(each) for each in channel.reached],
    }


def _account(channel: Channel, credentials: dict[str, Any]) -> list[dict[str, str]]:
    hidden = channel.provider_class.secrets()
    words = {ours: word for word, ours in keys_of(channel.provider).items()}
    return [
        {"k": words.get(name, name), "v": HIDDEN if name in hidden and value else str(value)}
        for name, value in credentials.items()
    ]


def _routing(number: Number) -> dict[str, Any]:
    rule: Rule | None = getattr(number, "rule", None)
    found: dict[str, Any] = {"id": number.pk, "number": number.value}
    match rule.destination if rule else None:
        case Extension() as to:
            found |= {"destination_type": "extension", "destination_id": to.pk}
        case Queue() as to:
            found |= {"destination_type": "queue", "destination_id": to.pk}
        case None:
            found |= {"destination_type": "", "destination_id": 0}
        case _:
            found |= {"destination_type": "api", "destination_id": 0}
    starters = rule.may_start.all() if rule else ()
    return found | {"extensions": [{"extension_id": each.pk} for each in starters]}


def templates(door: Door, given: Given) -> dict[str, Any]:
    """The templates of a channel that its provider has approved."""
    channel = one_of(door, given.whole("id"))
    found = Template.objects.filter(channel=channel)
    return {
        "list": [
            {
                "id": each.pk,
                "name": each.name,
                "language": each.language,
                "category": each.category,
                "status": each.status,
                "body": each.body,
                "params": each.variables,
                "usable": int(each.usable),
            }
            for each in found
        ]
    }
