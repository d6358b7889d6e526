"""Forwards new messages to third-party platforms, as event 30031.

The intake writes a PlatformEvent with the message; here it leaves. An event is a POST, signed with
the platform's secret. It is repeated for a day until the platform answers 2xx, so a platform may
see an event twice; ``X-Event-Id`` is the same each time.

Order: a platform gets one event at a time, oldest first. One that keeps failing steps aside after
a few attempts, so that it does not hold up the others; only its own session goes on waiting.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from providers.base import Answer, Call, retry_after
from providers.errors import ProviderError
from providers.http import Carrier

from . import files
from .models import Attachment, Customer, Platform, PlatformEvent

SECONDS = 10.0  # for one POST
LEASE = timedelta(seconds=60)  # a worker that has not come back after this has died
IN_FLIGHT = "Being delivered."
DAY = timedelta(days=1)
FIRST_WAIT, LONGEST_WAIT = 5.0, 3_600.0  # seconds between attempts, doubling from one to the other
PATIENCE = 5  # attempts before a failing event steps aside
FILES_WAIT = timedelta(minutes=10)  # how long an event waits for files that are being loaded
THREADS = 16

#: Kinds of customers as the Open API numbers them: 2 is SMS.
USER_TYPES = {Customer.PHONE: 2, "whatsapp": 3, "facebook": 4, "livechat": 5}
TRANSFERRED = 1  # the msg_type of an event without a message


# --- what is sent -----------------------------------------------------------------------------


def payload(event: PlatformEvent) -> bytes:
    """The request's body: ``{"type": 30031, "sn": ..., "msg": "<JSON>"}``.

    ``sn`` is the host and port of PUBLIC_URL: a name for this installation. The vendor's page on
    30031 could not be read, so the fields of ``msg`` follow event 30032 and its message records,
    with what a platform needs besides: session_id, msg_id, sender {user_id (0), user_no, user_type,
    avatar, username}, msg_kind, msg_type (0; 1 for a session that was transferred without a new
    message), msg_body, msg_files (a JSON string: a list of {id, name, uri, type, size}; ``uri`` is
    a link that expires, "" for a file that could not be had), send_time and receive_time (Unix
    seconds), channel {id, name, type}, did_number, customer {id, number, name}.
    """
    message, session = event.message, event.session
    customer = session.customer
    at = message.created_at if message else event.created_at
    said = {
        "session_id": session.pk,
        "msg_id": message.pk if message else 0,
        "sender": {
            "user_id": 0,
            "user_no": customer.address,
            "user_type": USER_TYPES.get(customer.network, 2),
            "avatar": "",
            "username": customer.name,
        },
        "msg_kind": 0,
        "msg_type": 0 if message else TRANSFERRED,
        "msg_body": message.text if message else "",
        "msg_files": json.dumps([_file(each) for each in _files(event)]),
        "send_time": int(((message and message.provider_at) or at).timestamp()),
        "receive_time": int(at.timestamp()),
        "channel": {
            "id": session.channel.pk,
            "name": session.channel.name,
            "type": session.channel.provider,
        },
        "did_number": session.number.value,
        "customer": {"id": customer.pk, "number": customer.address, "name": customer.name},
    }
    envelope = {
        "type": event.type,
        "sn": urlsplit(settings.PUBLIC_URL).netloc,
        "msg": json.dumps(said, ensure_ascii=False),
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def _files(event: PlatformEvent) -> list[Attachment]:
    return list(event.message.attachments.all()) if event.message else []


def _file(attachment: Attachment) -> dict[str, Any]:
    kept = attachment.state == Attachment.KEPT
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "uri": files.link(attachment) if kept else "",
        "type": attachment.content_type,
        "size": attachment.size,
    }


def sign(secret: str, body: bytes) -> str:
    """The X-Signature of a body: Base64 of its HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _call(event: PlatformEvent) -> Call:
    body = payload(event)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Signature": sign(event.platform.secret, body),
        "X-Event-Id": str(event.pk),
    }
    return Call(
        "POST", event.platform.url, body=body, headers=headers, timeout=SECONDS, max_bytes=65_536
    )


# --- which is next ----------------------------------------------------------------------------


def _waiting() -> QuerySet[PlatformEvent]:
    return PlatformEvent.objects.filter(done_at=None, failed_at=None)


def _next(platform_pk: int, now: datetime) -> QuerySet[PlatformEvent]:
    """The event that this platform gets now: one, or none."""
    theirs = _waiting().filter(platform=platform_pk)
    busy = Q(reason=IN_FLIGHT) | Q(attempts__gt=0, attempts__lt=PATIENCE)
    if theirs.filter(busy, due_at__gt=now).exists():
        return theirs.none()
    earlier = theirs.filter(session=OuterRef("session"), pk__lt=OuterRef("pk"))
    return theirs.filter(~Exists(earlier), due_at__lte=now).order_by("pk")[:1]


def due(now: datetime | None = None, limit: int = 1000) -> list[int]:
    """The events that may go now: for each platform its next one."""
    now = now or timezone.now()
    theirs = _waiting().filter(platform=OuterRef("pk"), due_at__lte=now)
    platforms = Platform.objects.filter(Exists(theirs)).order_by("pk")
    found: list[int] = []
    for platform_pk in platforms.values_list("pk", flat=True)[:limit]:
        found += _next(platform_pk, now).values_list("pk", flat=True)
    return found


def _claim(event_pk: int) -> PlatformEvent | None:
    """Take the event for one attempt; None unless it is its platform's turn.

    The platform's row is locked for this moment only, so that two workers cannot take two events
    of one platform; during the POST the lease in ``due_at`` keeps others away.
    """
    now = timezone.now()
    found = _waiting().filter(pk=event_pk)
    related = ("platform", "session__customer", "session__number", "session__channel", "message")
    with transaction.atomic():
        event = found.first()
        if event is None:
            return None
        Platform.objects.select_for_update().get(pk=event.platform_id)
        if event_pk not in _next(event.platform_id, now).values_list("pk", flat=True):
            return None
        if _loads_files(event, now):
            found.update(due_at=now + timedelta(seconds=FIRST_WAIT))
            return None
        found.update(due_at=now + LEASE, attempts=F("attempts") + 1, reason=IN_FLIGHT)
    return PlatformEvent.objects.select_related(*related).get(pk=event_pk)


def _loads_files(event: PlatformEvent, now: datetime) -> bool:
    if now - event.created_at > FILES_WAIT:
        return False
    return Attachment.objects.filter(message=event.message_id, state=Attachment.PENDING).exists()


# --- delivering -------------------------------------------------------------------------------


def deliver(event_pk: int) -> bool:
    """Make one attempt; returns whether the platform took the event.

    Does nothing if the event is done, in another worker's hands, or not next in order.
    """
    event = _claim(event_pk)
    if event is None:
        return False
    return _settle(event, _attempt(_carrier(), _call(event)))


def deliver_due(limit: int = 200, seconds: float = 20.0) -> int:
    """Deliver what is due, each platform's events in order; returns how many were taken.

    Makes at most ``limit`` attempts and begins none after so many seconds. Every platform has a
    thread of its own for the network, so that a slow one delays nobody else; the database is only
    used in the caller's.
    """
    end = time.monotonic() + seconds
    left, delivered = limit, 0
    carriers: dict[int, Carrier] = {}
    flying: dict[Future[Answer | ProviderError], PlatformEvent] = {}

    with ThreadPoolExecutor(THREADS, thread_name_prefix="platform") as pool:

        def start(event_pk: int) -> None:
            nonlocal left
            if left <= 0 or time.monotonic() > end or len(flying) >= THREADS:
                return
            if event := _claim(event_pk):
                left -= 1
                carrier = carriers.setdefault(event.platform_id, _carrier())
                flying[pool.submit(_attempt, carrier, _call(event))] = event

        for event_pk in due(limit=limit):
            start(event_pk)
        while flying:
            finished, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in finished:
                event = flying.pop(future)
                delivered += _settle(event, future.result())
                for event_pk in _next(event.platform_id, timezone.now()).values_list(
                    "pk", flat=True
                ):
                    start(event_pk)
    return delivered


def _carrier() -> Carrier:
    return Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)


def _attempt(carrier: Carrier, call: Call) -> Answer | ProviderError:
    try:
        return carrier.perform(call)
    except ProviderError as error:
        return error


def _settle(event: PlatformEvent, outcome: Answer | ProviderError) -> bool:
    """Write down what an attempt led to; returns whether the platform took the event."""
    now = timezone.now()
    mine = _waiting().filter(pk=event.pk, attempts=event.attempts)
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
        return bool(mine.update(done_at=now, reason=""))
    reason, after, final = _judge(outcome)
    if final or now - event.created_at > DAY:
        mine.update(failed_at=now, reason=reason[:500])
        return False
    mine.update(reason=reason[:500], due_at=now + timedelta(seconds=max(after, backoff(event))))
    return False


def _judge(outcome: Answer | ProviderError) -> tuple[str, float, bool]:
    """Why it was not taken, the seconds the platform asks for, and whether that is final."""
    if isinstance(outcome, ProviderError):
        return outcome.reason, 0.0, False
    status = outcome.status
    reason = f"The platform answers HTTP {status}: {outcome.text.strip()[:300]}".rstrip(": ")
    final = 400 <= status < 500 and status not in (408, 425, 429)
    return reason.replace("\x00", ""), min(retry_after(outcome) or 0.0, LONGEST_WAIT), final


def backoff(
    event: PlatformEvent, jitter: Callable[[float, float], float] = random.uniform
) -> float:
    """Seconds until the next attempt: twice as long each time, a little different for each."""
    doubled = FIRST_WAIT * 2 ** min(event.attempts - 1, 20)
    return min(doubled, LONGEST_WAIT) * jitter(0.8, 1.2)
