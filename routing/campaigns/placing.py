"""The sessions in which a campaign's messages lie.

The customer's open session, if there is one. Else a session that nobody has: it is in no agent's
list until the customer answers, and then goes where the number's rule says. Or, if the campaign
opens sessions at once, one that its extension or queue has from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..models import Campaign, Customer, Rule, bulk

_SESSION = {
    "channel_id": bulk.INT,
    "number_id": bulk.INT,
    "customer_id": bulk.INT,
    "holder_id": bulk.INT,
    "queue_id": bulk.INT,
    "platform_id": bulk.INT,
    "at": bulk.TIME,
    "last_text": bulk.TEXT,
}


def sessions_for(campaign: Campaign, texts: Mapping[str, str], now: datetime) -> dict[str, int]:
    """The session of each address, made where there is none. ``texts`` is what lists show.

    A customer who waits for our answer still does: their own words stay what the lists show.
    """
    channel, network = campaign.channel, campaign.channel.provider_class.network
    wanted = [Customer(network=network, address=address) for address in sorted(texts)]
    Customer.objects.bulk_create(wanted, ignore_conflicts=True)
    known = Customer.objects.filter(network=network, address__in=texts)
    customers = dict(known.values_list("pk", "address"))
    owner = _owner(campaign)
    items = [
        {
            "channel_id": channel.pk,
            "number_id": campaign.number_id,
            "customer_id": pk,
            **owner,
            "at": bulk.stamp(now),
            "last_text": texts[address][:200],
        }
        for pk, address in sorted(customers.items())
    ]
    waits = "routing_session.last_inbound AND routing_session.inbound_at IS NOT NULL"
    given = ", ".join(f"{name} = {_given(name)}" for name in owner)
    found = bulk.run(
        "INSERT INTO routing_session (channel_id, number_id, customer_id, holder_id, queue_id, "
        "platform_id, opened_at, last_at, last_text, last_inbound, unread) SELECT channel_id, "
        "number_id, customer_id, holder_id, queue_id, platform_id, at, at, last_text, false, 0 "
        f"FROM ({bulk.source(_SESSION)}) AS i WHERE true ORDER BY number_id, customer_id "
        "ON CONFLICT (number_id, customer_id) WHERE closed_at IS NULL DO UPDATE SET "
        f"last_at = CASE WHEN {waits} THEN routing_session.last_at ELSE excluded.last_at END, "
        f"last_text = CASE WHEN {waits} THEN routing_session.last_text ELSE excluded.last_text "
        f"END, {given} RETURNING customer_id, id",
        bulk.rows(items),
    )
    return {customers[customer]: session for customer, session in found}


def _given(name: str) -> str:
    """Only a session that nobody has is given to the campaign's people."""
    alone = " AND ".join(f"routing_session.{each} IS NULL" for each in _OWNERS)
    return f"CASE WHEN {alone} THEN excluded.{name} ELSE routing_session.{name} END"


_OWNERS = ("holder_id", "queue_id", "platform_id")


def _owner(campaign: Campaign) -> dict[str, int | None]:
    nobody: dict[str, int | None] = dict.fromkeys(_OWNERS)
    if campaign.mode == Campaign.DIRECT:
        return nobody
    if campaign.extension_id or campaign.queue_id:
        return {**nobody, "holder_id": campaign.extension_id, "queue_id": campaign.queue_id}
    rule = Rule.objects.filter(number=campaign.number_id).first()
    if rule is None:
        return nobody
    return {
        "holder_id": rule.extension_id,
        "queue_id": rule.queue_id,
        "platform_id": rule.platform_id,
    }
