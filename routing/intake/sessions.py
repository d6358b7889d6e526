"""Whose the messages are: their customers and open sessions, made where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from ..models import Session, bulk, snoozing
from .letters import Letter

_CUSTOMER = {"network": bulk.TEXT, "address": bulk.TEXT, "name": bulk.TEXT, "at": bulk.TIME}


def find_customers(letters: Sequence[Letter]) -> None:
    """Make the customers nobody knew."""
    if not letters:
        return
    wanted = {(x.network, x.sender): x for x in letters}
    now = bulk.stamp(timezone.now())
    found = bulk.run(  # the update changes nothing: it lets a row that is there be returned
        "INSERT INTO routing_customer (network, address, name, kind, created_at) "
        f"SELECT network, address, name, '', at FROM ({bulk.source(_CUSTOMER)}) AS s WHERE true "
        "ON CONFLICT (network, address) DO UPDATE SET network = excluded.network "
        "RETURNING network, address, id",
        bulk.rows(
            [
                {"network": n, "address": a, "name": x.inbound.name[:255], "at": now}
                for (n, a), x in sorted(wanted.items())
            ]
        ),
    )
    ids = {(network, sender): pk for network, sender, pk in found}
    for letter in letters:
        letter.customer, letter.stranger = ids[letter.network, letter.sender], True


_SESSION = {
    "channel_id": bulk.INT,
    "number_id": bulk.INT,
    "customer_id": bulk.INT,
    "holder_id": bulk.INT,
    "queue_id": bulk.INT,
    "platform_id": bulk.INT,
    "at": bulk.TIME,
    "inbound_at": bulk.TIME,
    "last_text": bulk.TEXT,
    "unread": bulk.INT,
}


#: A session that nobody has, as a campaign leaves behind, goes where the number's rule says.
_NOBODY = " AND ".join(f"routing_session.{n}_id IS NULL" for n in ("holder", "queue", "platform"))
_OWNER = ", ".join(
    f"{n}_id = CASE WHEN {_NOBODY} THEN excluded.{n}_id ELSE routing_session.{n}_id END"
    for n in ("holder", "queue", "platform")
)


def find_sessions(letters: Sequence[Letter]) -> None:
    """Give each letter the open session of its customer and number, made by the number's rule."""
    grouped: dict[tuple[int, int], dict[str, Any]] = {}
    wrote: dict[tuple[int, int], datetime] = {}
    for x in letters:
        key = (x.place.number, x.customer)
        item = grouped.setdefault(key, {"unread": 0})
        at = x.wrote_at
        wrote[key] = max(wrote.get(key, at), at)
        item.update(
            channel_id=x.channel_id,
            number_id=x.place.number,
            customer_id=x.customer,
            holder_id=x.place.extension,
            queue_id=x.place.queue,
            platform_id=x.place.platform,
            at=bulk.stamp(x.at),
            inbound_at=bulk.stamp(wrote[key]),
            last_text=x.preview,
            unread=item["unread"] + 1,
        )
    found = bulk.run(
        "INSERT INTO routing_session (channel_id, number_id, customer_id, holder_id, queue_id, "
        "platform_id, opened_at, last_at, inbound_at, last_text, last_inbound, unread) "
        "SELECT channel_id, number_id, customer_id, holder_id, queue_id, platform_id, at, at, "
        f"inbound_at, last_text, true, unread FROM ({bulk.source(_SESSION)}) AS i "
        "WHERE true ORDER BY number_id, customer_id "
        "ON CONFLICT (number_id, customer_id) WHERE closed_at IS NULL DO UPDATE SET "
        "last_at = excluded.last_at, last_text = excluded.last_text, last_inbound = true, "
        "inbound_at = CASE WHEN routing_session.inbound_at > excluded.inbound_at "
        "THEN routing_session.inbound_at ELSE excluded.inbound_at END, "
        f"{_OWNER}, unread = routing_session.unread + excluded.unread, woken = CASE WHEN "
        f"routing_session.snoozed_until IS NOT NULL THEN {Session.REPLIED} "
        "ELSE routing_session.woken END, snoozed_until = NULL "
        "RETURNING number_id, customer_id, id, holder_id, queue_id, platform_id, woken",
        bulk.rows([item for _, item in sorted(grouped.items())]),
    )
    sessions = {(row[0], row[1]): row[2:6] for row in found}
    if woken := [row[2] for row in found if row[6] == Session.REPLIED]:
        snoozing.say_replied(woken, timezone.now())
    for x in letters:
        x.session, x.holder, x.queue, x.platform = sessions[x.place.number, x.customer]
