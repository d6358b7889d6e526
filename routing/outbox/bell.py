"""The doorbell: tells a worker that a channel has something to send.

One bell for each channel hangs in Redis: it is rung once and then rests until a worker answers it.
Losing it costs seconds, never a message, as beat rings for what was forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, wraps

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from channels_app.models import Channel

from .. import live
from ..models import Message, Webhook
from ..pausing import Pausing

log = logging.getLogger(__name__)

DRAIN = "routing.drain"
GET_NAMES = "routing.get_names"
FORWARD = "routing.forward"
LOAD_FILES = "routing.load_files"
CAMPAIGNS = "routing.campaigns"
READ_LISTS = "routing.read_lists"
LINKS = "parley:links"  # where the processes that hold sessions hear of their channels
_pausing = Pausing(log, "No worker was called", 2.0, (OperationalError,))
_ALONE = 300  # seconds
_LATER = 60  # seconds for which a worker may remember to ring
_RESTS = 5  # seconds after which an unanswered bell may be rung again


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def _key(channel: int) -> str:
    return f"parley:bell:{channel}"


def ring(channel: int) -> bool:
    """Ring for a channel; returns whether a worker was called. Never raises: beat rings later."""
    return _ring(_key(channel), DRAIN, channel)


def ring_for(task: str, after: float = 0.0) -> bool:
    """Ring for work that belongs to no channel: events for platforms, files to be loaded.

    ``after`` so many seconds, a few at most: a worker keeps it in its memory.
    """
    return _ring(f"parley:bell:{task}", task, after=after)


def _ring(key: str, task: str, *args: int, after: float = 0.0) -> bool:
    def call() -> bool:
        if not _redis().set(key, 1, nx=True, ex=_RESTS):
            return False
        current_app.send_task(task, args=args, countdown=after or None, retry=False)
        return True

    return _pausing.ask(call, False)


def ring_on_commit(channel: int) -> None:
    """Ring once the present transaction is committed."""
    transaction.on_commit(lambda: ring(channel))


def ring_later(channel: int, seconds: float) -> None:
    """Ring once the present transaction is committed and so many seconds are over.

    For a moment only: a worker keeps it in its memory. Beat finds what is due later than that.
    """

    def call() -> None:
        try:
            current_app.send_task(DRAIN, args=(channel,), countdown=seconds, retry=False)
        except (redis.RedisError, OperationalError, OSError) as error:
            log.warning("Nobody was called for later: %s", error)

    if seconds <= _LATER:
        transaction.on_commit(call)


def answer_bell(whose: int | str) -> None:
    """Hang a channel's or a task's bell up again. Call it before looking for work, never after."""
    try:
        _redis().delete(f"parley:bell:{whose}")
    except redis.RedisError as error:
        log.warning("The bell of %s cannot be answered: %s", whose, error)


def listen_for_changes() -> None:
    """While there are webhooks, let every change ring for them at once. Call it every few seconds:
    it lasts a minute."""
    try:
        if Webhook.objects.active().exists():
            _redis().set(live.LISTENING, 1, ex=60)
    except redis.RedisError as error:
        log.warning("Webhooks will be told a little later: %s", error)


live.listeners.append(lambda: ring_for(FORWARD))


def alone(work: Callable[[], None]) -> Callable[[], None]:
    """Let this work run once at a time in the whole house: it must not take every worker.

    The lock ends by itself, so that a worker that dies blocks its kind of work for minutes only.
    """
    key = f"parley:alone:{work.__name__}"

    @wraps(work)
    def guarded() -> None:
        if not _redis().set(key, 1, nx=True, ex=_ALONE):
            return
        try:
            work()
        finally:
            _redis().delete(key)

    return guarded


def ring_forgotten() -> int:
    """Ring for every channel with something due; returns how many. Cheap where nothing waits."""
    now = timezone.now()
    waiting = Message.objects.due(now).filter(channel=OuterRef("pk"))
    free = Q(slowed_until=None) | Q(slowed_until__lte=now)
    found = Channel.objects.filter(free, Exists(waiting), paused=False)
    return sum(ring(pk) for pk in found.values_list("pk", flat=True))
