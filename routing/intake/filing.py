"""Files customers' messages: seen before? customer, open session, message, counts, log.

The hot path of the webhooks. Whatever the number of messages it takes the same few statements, in
one transaction, on both databases. All rows of a batch are written in a fixed order, so that two
processes never wait for each other in a circle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from django.utils import timezone

from channels_app.fields import address
from channels_app.models import Channel
from providers.base import Inbound

from .. import files
from ..models import Attachment, Customer, Message, Session, bulk, counts, snoozing
from .door import Door, Place
from .extras import file_extras

GUESS_SECONDS = 60  # how long an equal message without id and time is taken for a repetition


@dataclass(slots=True)
class Letter:
    """A message on its way into the database, and once filed what became of it."""

    channel: Channel
    place: Place
    inbound: Inbound
    at: datetime
    channel_id: int = 0
    sender: str = ""
    provider_id: str = ""
    earlier_id: str = ""
    customer: int = 0
    session: int = 0
    message: int = 0
    duplicate: bool = False
    stranger: bool = False  # nobody knew the customer before
    holder: int | None = None
    queue: int | None = None
    platform: int | None = None
    media: tuple[Any, ...] = field(default=())
    files: list[Attachment] = field(default_factory=list)

    def __post_init__(self) -> None:
        inbound = self.inbound
        self.channel_id = self.channel.pk
        phone = self.channel.provider_class.network == Customer.PHONE
        self.sender = address(inbound.sender) if phone else inbound.sender[:255]
        self.media = inbound.media
        self.provider_id = inbound.provider_id[:255].replace("\x00", "")
        if not self.provider_id:
            self.provider_id, self.earlier_id = _guessed_ids(inbound, self.sender, self.at)

    def arrived(self, at: datetime) -> None:
        """Take it for one that came at another time than now."""
        self.at = at
        self.__post_init__()

    def keep_files(self) -> None:
        """Store the bytes of its files, ahead of the transaction: a storage may be slow."""
        provider = self.channel.provider_class
        try:
            for media in self.media[len(self.files) :]:
                self.files.append(files.arrived(provider, media))
        except BaseException:
            files.drop(self.files)
            raise

    @property
    def told(self) -> tuple[int, ...]:
        """Who gets an event: the platform that has the session, and the doors of the number."""
        return (*((self.platform,) if self.platform else ()), *self.place.receivers)

    @property
    def network(self) -> str:
        return self.channel.provider_class.network

    @property
    def wrote_at(self) -> datetime:
        """When the customer wrote: by the network's clock, where it tells a past time."""
        sent_at = self.inbound.sent_at
        return sent_at if sent_at and sent_at.tzinfo and sent_at < self.at else self.at

    @property
    def preview(self) -> str:
        text = self.inbound.text or (self.media and (self.media[0].name or "File")) or ""
        return text[:200]


def _guessed_ids(inbound: Inbound, sender: str, at: datetime) -> tuple[str, str]:
    """Stand-ins for a missing id, marked by "~": of now, and of the moment before."""
    parts = [sender, inbound.recipient, inbound.text, inbound.raw]
    parts += [each.url or hashlib.sha256(each.content or b"").hexdigest() for each in inbound.media]
    if inbound.sent_at:
        parts.append(inbound.sent_at.isoformat())
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:40]
    if inbound.sent_at:
        return f"~{digest}", ""
    moment = int(at.timestamp() // GUESS_SECONDS)
    return f"~{digest}.{moment}", f"~{digest}.{moment - 1}"


def address_letters(door: Door, events: Iterable[Inbound]) -> tuple[list[Letter], list[Inbound]]:
    """Letters for the messages to numbers that are set up, and the other messages."""
    letters, lost = [], []
    for event in events:
        if door.prefixes:
            event = replace(
                event,
                sender=door.plain(event.sender),
                recipient=door.plain(event.recipient),
                others=tuple(map(door.plain, event.others)),
            )
        place = next(filter(None, map(door.place, (event.recipient, *event.others))), None)
        if place is None:
            lost.append(event)
        else:
            letters.append(Letter(door.channel, place, event, timezone.now()))
    return letters, lost


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
                    _log(log)
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
    _customers([letter for letter in fresh if not letter.customer])
    _sessions(fresh)
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


_CUSTOMER = {"network": bulk.TEXT, "address": bulk.TEXT, "name": bulk.TEXT, "at": bulk.TIME}


def _customers(letters: Sequence[Letter]) -> None:
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
                {"network": n, "address": a, "name": _clean(x.inbound.name)[:255], "at": now}
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


def _sessions(letters: Sequence[Letter]) -> None:
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


_REQUEST = {
    "channel_id": bulk.INT,
    "outcome": bulk.TEXT,
    "reason": bulk.TEXT,
    "calls": bulk.TEXT,
    "remote": bulk.TEXT,
    "at": bulk.TIME,
}


def _log(items: Sequence[dict[str, Any]]) -> None:
    bulk.run(
        "INSERT INTO routing_exchange (channel_id, kind, outcome, reason, calls, remote, at) "
        f"SELECT channel_id, 'webhook', outcome, reason, calls, remote, at "
        f"FROM ({bulk.source(_REQUEST)}) AS i",
        bulk.rows(items),
    )


def request_row(
    channel: Channel, outcome: str, reason: str, call: dict[str, Any], remote: str
) -> dict[str, Any]:
    """A request to a webhook as a row for the log."""
    return {
        "channel_id": channel.pk,
        "outcome": outcome,
        "reason": reason[:500],
        "calls": orjson.dumps([call]).decode(),
        "remote": remote,
        "at": bulk.stamp(timezone.now()),
    }


def _clean(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
