"""Files customers' messages: seen before? customer, open session, message, counts, log.

The hot path of the webhooks. Whatever the number of messages it takes the same few statements, in
one transaction, on both databases. All rows of a batch are written in a fixed order, so that two
processes never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..models import Message, bulk, counts
from .extras import file_extras
from .letters import Letter
from .log import file_log
from .sessions import find_customers, find_sessions


class _Raced(Exception):
    """Another process filed one of these messages meanwhile."""


def file(letters: Sequence[Letter], log: Sequence[dict[str, Any]] = ()) -> None:
    """File the letters and log the requests that brought them, in one transaction.

    A letter seen before is marked as duplicate and changes nothing. Sets each letter's session and
    message, and who is to be told.
    """
    for letter in letters:
        letter.keep_files()
    for _ in range(5):
        try:
            with bulk.hot():
                _file(letters)
                if log:
                    file_log(log)
                counts.add((x.channel_id, x.at, "received", 1) for x in letters if not x.duplicate)
            return
        except _Raced:
            continue
    raise RuntimeError("Other processes keep filing the same messages.")


def _file(letters: Sequence[Letter]) -> None:
    _look_up(letters)
    fresh = [letter for letter in letters if not letter.duplicate]
    if not fresh:
        return
    find_customers([letter for letter in fresh if not letter.customer])
    find_sessions(fresh)
    _messages(fresh)
    file_extras([x for x in fresh if x.media or x.told or x.inbound.raw])


_KEYS = {
    "n": bulk.INT,
    "channel_id": bulk.INT,
    "provider_id": bulk.TEXT,
    "network": bulk.TEXT,
    "address": bulk.TEXT,
}


def _look_up(letters: Sequence[Letter]) -> None:
    """Mark what was seen before, here or in this batch, and find the known customers."""
    keys: dict[tuple[int, str], int] = {}
    items = []
    for n, letter in enumerate(letters):
        letter.duplicate, letter.message = False, 0  # an earlier, failed try may have set them
        for provider_id in filter(None, (letter.provider_id, letter.earlier_id)):
            if keys.setdefault((letter.channel_id, provider_id), n) != n:
                letter.duplicate = True
            items.append(
                {
                    "n": n,
                    "channel_id": letter.channel_id,
                    "provider_id": provider_id,
                    "network": letter.network,
                    "address": letter.sender,
                }
            )
    found = bulk.run(
        "SELECT i.n, (SELECT m.id FROM routing_message AS m WHERE m.direction = 'in' "
        "AND NOT (m.provider_id = '') AND m.channel_id = i.channel_id "
        "AND m.provider_id = i.provider_id), (SELECT c.id FROM routing_customer AS c "
        f"WHERE c.network = i.network AND c.address = i.address) FROM ({bulk.source(_KEYS)}) AS i",
        bulk.rows(items),
    )
    for n, message, customer in found:
        letters[n].customer = customer or 0
        if message:
            letters[n].duplicate, letters[n].message = True, message


_MESSAGE = {
    "channel_id": bulk.INT,
    "session_id": bulk.INT,
    "sender": bulk.TEXT,
    "recipient": bulk.TEXT,
    "text": bulk.TEXT,
    "has_files": bulk.BOOL,
    "provider_id": bulk.TEXT,
    "provider_at": bulk.TIME,
    "at": bulk.TIME,
}


def _messages(letters: Sequence[Letter]) -> None:
    """Insert the messages. Raises _Raced if another process was faster with one of them."""
    items = [
        {
            "channel_id": x.channel_id,
            "session_id": x.session,
            "sender": x.sender,
            "recipient": x.inbound.recipient[:255],
            "text": x.inbound.text,
            "has_files": bool(x.media),
            "provider_id": x.provider_id,
            "provider_at": bulk.stamp(x.inbound.sent_at),
            "at": bulk.stamp(x.at),
        }
        for x in letters
    ]
    found = bulk.run(
        "INSERT INTO routing_message (channel_id, session_id, direction, status, reason, sender, "
        "recipient, text, event, has_files, segments, provider_id, reference, client_key, lane, "
        "attempts, provider_at, created_at) "
        f"SELECT channel_id, session_id, '{Message.IN}', '{Message.RECEIVED}', '', sender, "
        "recipient, text, '', has_files, 0, provider_id, '', '', 0, 0, provider_at, at "
        f"FROM ({bulk.source(_MESSAGE)}) AS i WHERE true "
        "ON CONFLICT (channel_id, provider_id) WHERE direction = 'in' AND NOT (provider_id = '') "
        "DO NOTHING RETURNING channel_id, provider_id, id",
        bulk.rows(items),
    )
    if len(found) < len(letters):
        raise _Raced
    ids = {(channel, provider_id): pk for channel, provider_id, pk in found}
    for x in letters:
        x.message = ids[x.channel_id, x.provider_id]
