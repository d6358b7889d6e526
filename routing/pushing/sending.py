"""Sends pushes: one to each browser for each session, encrypted for that browser alone."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import orjson
from django.conf import settings
from django.db.models import Q
from pywebpush import WebPusher, WebPushException

from providers.base import Answer, Call
from providers.errors import ProviderError
from providers.http import Carrier

from .. import presence
from ..language import spoken_to
from ..models import AgentSettings, Extension, PushSubscription, Queue, Session
from .alerts import Alert, alert_for
from .keys import signed

log = logging.getLogger(__name__)

THREADS = 8
SECONDS = 10.0  # for one POST
TTL = 3_600  # seconds for which a push service keeps it for a browser that is away
GONE = (404, 410)


def push(sessions: Sequence[int]) -> int:
    """Tell the browsers of all who are to be told of these sessions; returns how many took it."""
    found = Session.objects.filter(pk__in=sessions, unread__gt=0).select_related(
        "customer", "queue"
    )
    meant = _meant(list(found))
    carrier = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="push") as pool:
        outcomes = list(pool.map(lambda each: _attempt(carrier, *each), meant))
    gone = [who.pk for (who, _), status in zip(meant, outcomes, strict=True) if status in GONE]
    PushSubscription.objects.filter(pk__in=gone).delete()
    return sum(200 <= status < 300 for status in outcomes)


def _meant(sessions: Sequence[Session]) -> list[tuple[PushSubscription, Alert]]:
    """Which browser is told what. Who is in a session sees for themselves."""
    members = defaultdict(set)
    queues = {session.queue_id for session in sessions if not session.holder_id}
    for queue, extension in Queue.members.through.objects.filter(queue__in=queues).values_list(
        "queue_id", "extension_id"
    ):
        members[queue].add(extension)
    holders = {session.holder_id for session in sessions}
    told = Q(extension__in=holders) | Q(extension__queues__in=queues)
    browsers = defaultdict(list)
    living = PushSubscription.objects.living().filter(told).distinct()
    for each in living.select_related("extension__settings"):
        browsers[each.extension].append(each)
    there = presence.of([session.pk for session in sessions])
    return [
        (browser, alert)
        for session in sessions
        for extension in _agents(session, members, browsers)
        if extension.pk not in {person.pk for person in there.get(session.pk, ())}
        and (alert := _alert(extension, session))
        for browser in browsers[extension]
    ]


def _alert(extension: Extension, session: Session) -> Alert | None:
    with spoken_to(AgentSettings.of(extension)):
        return alert_for(extension, session)


def _agents(
    session: Session, members: dict[int | None, set[int]], known: Iterable[Extension]
) -> list[Extension]:
    theirs = {session.holder_id} if session.holder_id else members[session.queue_id]
    return [extension for extension in known if extension.pk in theirs]


def call_of(browser: PushSubscription, alert: Alert) -> Call:
    """The request to the browser's push service. A later one of the same session replaces it."""
    keys = {"p256dh": browser.p256dh, "auth": browser.auth}
    pusher = WebPusher({"endpoint": browser.endpoint, "keys": keys})
    headers = {
        **signed(browser.endpoint),
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(TTL),
        "Topic": alert.tag,
        "Urgency": "high",
    }
    body = pusher.encode(orjson.dumps(asdict(alert)))["body"]
    return Call("POST", browser.endpoint, body=body, headers=headers, timeout=SECONDS)


def _attempt(carrier: Carrier, browser: PushSubscription, alert: Alert) -> int:
    """The status that the push service answered; 0 if there was no answer."""
    try:
        answer: Answer = carrier.perform(call_of(browser, alert))
    except (ProviderError, WebPushException, ValueError) as error:
        log.warning("%s was not told: %s", browser, error)
        return 0
    if answer.status >= 300 and answer.status not in GONE:
        log.warning("%s was not told: HTTP %s %s", browser, answer.status, answer.text[:200])
    return answer.status
