"""manage.py tail: messages as they come, from now or from a moment in the past, until Ctrl-C.

A nudge wakes it; what is new is read from the database, after the message seen last. So nothing is
lost while Redis or the database is away for a while, and nothing is printed twice.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from channels_app.fields import address
from channels_app.models import Channel, Number
from routing import live
from routing.models import Message

SETTLED = timedelta(seconds=15)  # so long a transaction may take to show its message
BATCH = 500
IDLE = 1.0  # seconds after which it looks without a nudge: some messages are nobody's
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Follower:
    """``new()`` gives the messages that came since the last call, each once."""

    def __init__(self, chosen: QuerySet[Message], after: int) -> None:
        self._chosen = chosen.exclude(direction=Message.SYSTEM).order_by("pk")
        self._done = after  # up to here nothing can come any more
        self._printed: set[int] = set()  # beyond that

    def new(self) -> Iterator[Message]:
        settled = Message.objects.filter(
            pk__gt=self._done, created_at__lt=timezone.now() - SETTLED
        ).aggregate(last=Max("pk"))["last"]
        after = self._done
        while True:
            related = self._chosen.select_related("channel", "session__customer", "session__number")
            found = list(related.filter(pk__gt=after)[:BATCH])
            for message in found:
                after = message.pk
                new = after not in self._printed
                if settled and after <= settled:
                    self._done = after
                else:
                    self._printed.add(after)
                if new:
                    yield message
            if len(found) < BATCH:
                break
        if settled:
            self._done = settled
            self._printed = {pk for pk in self._printed if pk > settled}


class Command(BaseCommand):
    help = "Prints messages as they come, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--channel", help="of this channel alone, by its name")
        parser.add_argument("--number", help="of this number of ours alone")
        parser.add_argument("--json", action="store_true", help="one JSON object on each line")
        parser.add_argument(
            "--since", help="also what came since: 10m, 2h, a time, or the id of a message"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        follower = Follower(_chosen(options), _start(options["since"]))
        tell = _json if options["json"] else _line
        try:
            for _ in _wakings():
                for message in _patiently(follower):
                    print(tell(message), flush=True)
        except KeyboardInterrupt:
            return
        except BrokenPipeError:  # whoever read is gone; the interpreter shall not complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wakings() -> Iterator[None]:
    """Once at first, then whenever there may be something new. Survives a Redis that is away."""
    yield
    while True:
        try:
            client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
            with client.pubsub(ignore_subscribe_messages=True) as heard:
                heard.subscribe(live.CHANNEL)
                yield  # what came before it listened
                while True:
                    heard.get_message(timeout=IDLE)
                    yield
        except redis.RedisError:
            time.sleep(IDLE)
            yield


def _patiently(follower: Follower) -> Iterator[Message]:
    """What is new; nothing while the database is away."""
    try:
        yield from follower.new()
    except Error:
        with suppress(Error):
            connection.close()
        time.sleep(IDLE)


def _chosen(options: dict[str, Any]) -> QuerySet[Message]:
    found = Message.objects.all()
    if name := options["channel"]:
        channel = Channel.objects.filter(name=name).first()
        if channel is None:
            raise CommandError(f"There is no channel {name!r}.")
        found = found.filter(channel=channel)
    if value := options["number"]:
        numbers = list(Number.objects.filter(value__in={value, address(value)}))
        if not numbers:
            raise CommandError(f"{value} is none of our numbers.")
        found = found.filter(session__number__in=numbers)
    return found


def _start(since: str | None) -> int:
    """After which message to begin. Raises CommandError."""
    newest: int = Message.objects.aggregate(last=Max("pk"))["last"] or 0
    if not since:
        return newest
    if since.isdecimal():
        return int(since)
    return _before(_moment(since), newest)


def _before(at: datetime, newest: int) -> int:
    """The last message before this moment: found by halves, as times rise with the keys."""
    low, high = 0, newest  # what is sought lies between, both included
    while low < high:
        middle = (low + high + 1) // 2
        upwards = Message.objects.filter(pk__gte=middle, pk__lte=high).order_by("pk")
        row = upwards.values_list("pk", "created_at").first()
        if row and row[1] < at:
            low = row[0]
        else:
            high = middle - 1
    return low


def _moment(since: str) -> datetime:
    if match := re.fullmatch(r"(\d+)([smhd])", since):
        return timezone.now() - timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    at = None
    with suppress(ValueError):  # the form of a time, but no such day
        at = parse_datetime(since)
    if at is None:
        raise CommandError(f"{since!r} is neither a time nor the id of a message.")
    return at if at.tzinfo else timezone.make_aware(at)


def _told(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "at": message.created_at.isoformat(),
        "direction": message.direction,
        "channel": message.channel.name,
        "number": message.session.number.value,
        "customer": message.session.customer.address,
        "name": message.session.customer.name,
        "session": message.session_id,
        "status": message.status,
        "text": message.text,
        "files": message.has_files,
    }


def _json(message: Message) -> str:
    return json.dumps(_told(message), ensure_ascii=False)


def _line(message: Message) -> str:
    told = _told(message)
    way = "←" if message.direction == Message.IN else "→"
    at = timezone.localtime(message.created_at)
    # What customers write must not move a terminal's cursor.
    text = "".join(each if each.isprintable() else " " for each in message.text)
    files = " [file]" if message.has_files else ""
    return f"{at:%H:%M:%S} {told['number']} {way} {told['customer']}: {text}{files}"
