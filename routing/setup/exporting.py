"""Writes the configuration out, in the form that ``apply`` reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import yaml

from channels_app.models import Channel, Number

from ..models import Category, Door, Extension, Platform, Queue, Rule

HEADER = """\
# Parley's configuration. Read it back with: python manage.py apply FILE
"""
WITHOUT = "# Secrets are left out; export --with-secrets includes them.\n"
WITH = "# Holds secrets: passwords' hashes, keys and webhook addresses. Keep it safe.\n"


class _Dumper(yaml.SafeDumper):
    """Writes everything out where it belongs: ``apply`` takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def export(*, with_secrets: bool = False) -> str:
    """The whole configuration as YAML; secrets only if asked for."""
    found = {
        "extensions": [
            _extension(each, with_secrets)
            for each in Extension.objects.select_related("user").order_by("number")
        ],
        "queues": [
            {"name": each.name, "pickup": each.pickup, "members": _numbers(each.members)}
            for each in Queue.objects.order_by("name")
        ],
        "platforms": [
            _platform(each, with_secrets)
            for each in Platform.objects.filter(form=Platform.PLATFORM).order_by("name")
        ],
        "channels": [_channel(each, with_secrets) for each in Channel.objects.order_by("name")],
        "doors": [
            _door(each, with_secrets)
            for each in Door.objects.select_related("sender", "receiver").order_by("name")
        ],
    }
    names = Category.objects.filter(queue=None).order_by("name").values_list("name", flat=True)
    if names:
        found["categories"] = list(names)
    body = yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return HEADER + (WITH if with_secrets else WITHOUT) + body


def _numbers(extensions: Any) -> list[str]:
    return list(extensions.order_by("number").values_list("number", flat=True))


def _extension(extension: Extension, with_secrets: bool) -> dict[str, Any]:
    found = {
        "number": extension.number,
        "name": extension.name,
        "username": extension.user.get_username(),
    }
    if with_secrets:
        found["password_hash"] = extension.user.password
    return found


def _platform(platform: Platform, with_secrets: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": platform.name, "url": platform.url}
    if with_secrets:
        found["secret"] = platform.keys if len(platform.keys) > 1 else platform.secret
    return found


def _channel(channel: Channel, with_secrets: bool) -> dict[str, Any]:
    hidden = () if with_secrets else channel.provider_class.secrets()
    rate = channel.rate
    found: dict[str, Any] = {
        "name": channel.name,
        "provider": channel.provider,
        "credentials": {
            name: value for name, value in channel.credentials.items() if name not in hidden
        },
        "api_address": channel.api_address,
    }
    if with_secrets:
        found["webhook_token"] = channel.webhook_token
    found |= {name: getattr(channel, name) for name in Channel.SETTINGS if name not in found}
    return found | {
        "allowed_addresses": channel.allowed_addresses.replace(",", " ").split(),
        "prefixes": list(channel.prefix_list),
        "rate": _plain(rate),
        "numbers": [_number(each) for each in channel.numbers.order_by("value")],
    }


def _door(door: Door, with_secrets: bool) -> dict[str, Any]:
    signs = door.kind != Door.OZEKI
    found: dict[str, Any] = {"name": door.name, "kind": door.kind, "active": door.active}
    found |= {"sender": door.sender.value} if door.sender else {}
    found["senders"] = [each.value for each in door.senders.order_by("value")]
    if door.extension:
        found["extension"] = door.extension
    if door.client_id:
        found["client_id"] = door.client_id
    if with_secrets and door.key_hash:
        found["key_hash"] = door.key_hash
    if door.kind == Door.REST:
        found["scopes"] = sorted(door.scopes)
    else:
        found["webhook"] = door.receiver.url if door.receiver else ""
    if signs and with_secrets and door.receiver:
        found["secret"] = door.receiver.secret
    if with_secrets and door.users:
        found["users"] = door.users
    pace = door.per_second
    return found | {
        "allowed": door.allowed.replace(",", " ").split(),
        "denied": door.denied.replace(",", " ").split(),
        "per_second": None if pace is None else _plain(pace),
        "per_day": door.per_day,
    }


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _number(number: Number) -> dict[str, Any]:
    found: dict[str, Any] = {"number": number.value}
    rule = Rule.objects.filter(number=number).first()
    if rule is None:
        return found
    if rule.extension:
        found["inbound"] = {"extension": rule.extension.number}
    elif rule.queue:
        found["inbound"] = {"queue": rule.queue.name}
    elif rule.platform:
        found["inbound"] = {"platform": rule.platform.name}
    return found | {"may_start": _numbers(rule.may_start)}
