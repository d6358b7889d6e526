"""What providers are asked beside sending: their templates, customers' names, to call us."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_app.models import Channel, Template
from providers import registry
from providers.base import Provider, Talk
from providers.base import Template as Told
from providers.capabilities import has
from providers.errors import ProviderError, Throttled, Unavailable
from providers.http import Carrier, redact

from . import live
from .delivery.reports import nudges
from .models import Customer, Exchange, Session

log = logging.getLogger(__name__)
R = TypeVar("R")

NEWEST = 500  # customers looked at for want of a name
NAME_WITHIN = timedelta(minutes=30)  # of a customer's first message; later nobody asks
ASKED_FOR = 3600  # seconds in which a customer's name is not asked for again


def ask(channel: Channel, question: Callable[[Provider], Talk[R]]) -> R:
    """Ask a channel's provider, and keep the exchange in the log. Raises ProviderError."""
    carrier = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    calls: list[dict[str, object]] = []
    reason = ""
    try:
        return carrier.run(question(channel.adapter), calls)
    except ProviderError as error:
        reason = error.reason = redact(error.reason, channel.secret_values)[:500]
        raise
    finally:
        Exchange.objects.create(
            channel=channel,
            kind=Exchange.POLL,
            outcome=Exchange.REFUSED if reason else Exchange.OK,
            reason=reason,
            calls=redact(json.dumps(calls), channel.secret_values),
        )


def connect(channel: Channel) -> str:
    """Register the webhook at the provider; returns what was done. Raises ProviderError."""
    return ask(channel, lambda adapter: adapter.connect(channel.webhook_url))


# --- templates ---------------------------------------------------------------------------------


def sync_templates(channel: Channel) -> int:
    """Make our copy of the channel's templates equal to the provider's; returns how many.

    Raises ProviderError.
    """
    told = {(t.name, t.language): t for t in ask(channel, lambda adapter: adapter.templates())}
    now = timezone.now()
    with transaction.atomic():
        Template.objects.bulk_create(
            [_row(channel, each, now) for each in told.values()],
            update_conflicts=True,
            unique_fields=["channel", "name", "language"],
            update_fields=[
                *("body", "variables", "category", "status", "usable", "parts", "synced_at"),
            ],
        )
        kept = channel.templates.values_list("pk", "name", "language")
        gone = [pk for pk, name, language in kept if (name, language) not in told]
        channel.templates.filter(pk__in=gone).delete()
    return len(told)


def _row(channel: Channel, told: Told, now: datetime) -> Template:
    return Template(
        channel=channel,
        name=told.name[:512],
        language=told.language[:16],
        body=told.body,
        variables=list(told.variables),
        category=told.category[:64],
        status=told.status[:64],
        usable=told.usable,
        parts=told.parts,
        synced_at=now,
    )


def sync_all_templates() -> int:
    """Bring the templates of every channel up to date; returns how many there are."""
    slugs = [slug for slug in registry.slugs() if has(registry.get(slug), "templates")]
    found = 0
    for channel in Channel.objects.filter(provider__in=slugs, paused=False):
        try:
            found += sync_templates(channel)
        except ProviderError as error:
            log.warning("%s: its templates cannot be read: %s", channel, error.reason)
        except Exception:  # one channel's trouble is not the others'
            log.exception("%s: its templates cannot be read", channel)
    return found


# --- names of customers ------------------------------------------------------------------------


def get_names(now: datetime | None = None) -> int:
    """Ask for the names of customers who came lately without one, each once; returns how many."""
    slugs = [slug for slug in registry.slugs() if has(registry.get(slug), "profile")]
    networks = {registry.get(slug).network for slug in slugs}
    since = (now or timezone.now()) - NAME_WITHIN
    newest = Customer.objects.order_by("-pk")[:NEWEST] if networks else ()
    nameless = [c for c in newest if c.network in networks and not c.name and c.created_at > since]
    return sum(_get_name(customer, slugs) for customer in nameless)


def _get_name(customer: Customer, slugs: list[str]) -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    mark = f"parley:named:{customer.pk}"
    with client:
        if not client.set(mark, 1, nx=True, ex=ASKED_FOR):
            return False
        session = (
            Session.objects.filter(customer=customer, channel__provider__in=slugs)
            .select_related("channel")
            .first()
        )
        if session is None:
            return False
        try:
            name = ask(session.channel, lambda adapter: adapter.profile(customer.address))
        except (Throttled, Unavailable):
            client.delete(mark)  # asked again by and by
            return False
        except ProviderError as error:
            log.info("%s: the name of a customer is not told: %s", session.channel, error.reason)
            return False
    name = name.replace("\x00", "").strip()[:255]
    if not name or not Customer.objects.filter(pk=customer.pk, name="").update(name=name):
        return False
    live.nudge_many(nudges(customer.sessions.values_list("pk", flat=True)))
    return True
