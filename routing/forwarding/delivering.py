"""Makes the attempts, and writes down what they led to."""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from providers.base import Answer, Call, retry_after
from providers.errors import ProviderError
from providers.http import Carrier

from ..models import Delivery, Door, Platform, PlatformEvent, Webhook
from ..models.webhooks import FORM
from . import circuits, open_api, ozeki, platform, webhook, yeastar_sms
from .feeding import number_all
from .order import FIRST_WAIT, claim, due, next_in, waiting

SECONDS = 10.0  # for one POST
DAY = timedelta(days=1)
LONGEST_WAIT = 3_600.0  # seconds between attempts, doubling from FIRST_WAIT
GONE = 410  # the one answer by which a webhook ends the attempts
LOOK_AGAIN = 1.0  # seconds
THREADS = 16
ONE_RECEIVER = 4  # threads for one receiver, whose reports may go to many addresses

#: How each form of receiver is told.
FORMS: dict[str, Callable[[PlatformEvent], Call]] = {
    Platform.PLATFORM: platform.call,
    Platform.OPENAPI: open_api.call,
    Door.YEASTAR_SMS: yeastar_sms.call,
    Door.OZEKI: ozeki.call,
    FORM: webhook.call,
}


def call_of(event: PlatformEvent) -> Call:
    """The request that tells the receiver, in its own words."""
    call = FORMS[event.platform.form](event)
    headers = {**call.headers, "X-Event-Id": str(event.pk)}
    return replace(call, headers=headers, timeout=SECONDS, max_bytes=65_536)


def deliver(event_pk: int) -> bool:
    """Make one attempt; returns whether the platform took the event.

    Does nothing if the event is done, in another worker's hands, or not next in order.
    """
    event = claim(event_pk)
    if event is None:
        return False
    if open_api.spreads(event):
        return open_api.spread(event)
    return _settle(event, *_attempt(_carrier(), call_of(event)))


def deliver_due(limit: int = 200, seconds: float = 20.0) -> int:
    """Deliver what is due, each platform's events in order; returns how many were taken.

    Makes at most ``limit`` attempts and begins none after so many seconds. Every platform has a
    thread of its own for the network, so that a slow one delays nobody else; the database is only
    used in the caller's.
    """
    end = time.monotonic() + seconds
    left, delivered = limit, 0
    carriers: dict[int, Carrier] = {}
    todo: deque[int] = deque()
    flying: dict[Future[tuple[Answer | ProviderError, float]], PlatformEvent] = {}

    with ThreadPoolExecutor(THREADS, thread_name_prefix="platform") as pool:

        def start(event_pk: int) -> None:
            nonlocal left, delivered
            if left <= 0 or time.monotonic() > end or len(flying) >= THREADS:
                return
            if event := claim(event_pk, full=_full(flying.values())):
                left -= 1
                if open_api.spreads(event):
                    delivered += open_api.spread(event)
                    todo.extend(next_in(event.platform, timezone.now()))
                    return
                carrier = carriers.setdefault(event.platform_id, _carrier())
                flying[pool.submit(_attempt, carrier, call_of(event))] = event

        def start_all() -> None:
            while todo:
                start(todo.popleft())

        todo.extend(due(limit=limit))
        start_all()
        while flying:
            finished, _ = wait(flying, timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED)
            if not finished:  # who hangs does not keep the others from what is new
                number_all()
                todo.extend(due(limit=limit))
            for future in finished:
                event = flying.pop(future)
                delivered += _settle(event, *future.result())
                todo.extend(next_in(event.platform, timezone.now()))
            start_all()
    return delivered


def _full(flying: Iterable[PlatformEvent]) -> set[int]:
    """The receivers that must not take more threads from the others."""
    counts = Counter(event.platform_id for event in flying)
    return {platform_pk for platform_pk, count in counts.items() if count >= ONE_RECEIVER}


def _carrier() -> Carrier:
    return Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)


def _attempt(carrier: Carrier, call: Call) -> tuple[Answer | ProviderError, float]:
    """What came back, and after how many seconds."""
    began = time.monotonic()
    try:
        outcome: Answer | ProviderError = carrier.perform(call)
    except ProviderError as error:
        outcome = error
    return outcome, time.monotonic() - began


def _settle(event: PlatformEvent, outcome: Answer | ProviderError, seconds: float = 0.0) -> bool:
    """Write down what an attempt led to; returns whether the platform took the event."""
    now = timezone.now()
    mine = waiting().filter(pk=event.pk, attempts=event.attempts)
    taken = isinstance(outcome, Answer) and 200 <= outcome.status < 300
    reason, after, final = ("", 0.0, False) if taken else _judge(outcome)
    if event.platform.form == FORM:
        final = final and isinstance(outcome, Answer) and outcome.status == GONE
        _write_down(event, outcome, taken, reason, seconds)
    if not event.url:
        if taken or final:
            circuits.success(event.platform_id)
        else:
            circuits.failure(event.platform_id, now)
    if taken:
        return bool(mine.update(done_at=now, reason=""))
    if final or now - event.created_at > DAY:
        mine.update(failed_at=now, reason=reason[:500])
        return False
    mine.update(reason=reason[:500], due_at=now + timedelta(seconds=max(after, backoff(event))))
    return False


def _write_down(
    event: PlatformEvent,
    outcome: Answer | ProviderError,
    taken: bool,
    reason: str,
    seconds: float,
) -> None:
    """The log of a webhook's deliveries. One that was deleted meanwhile has none."""
    content = event.content or {}
    found = Webhook.objects.filter(receiver=event.platform_id).values_list("pk", flat=True).first()
    if found is None or not PlatformEvent.objects.filter(pk=event.pk).exists():
        return
    answered = isinstance(outcome, Answer)
    Delivery.objects.create(
        webhook_id=found,
        event=event,
        position=content.get("position"),
        kind=content.get("kind", webhook.TEST),
        attempt=event.attempts,
        status=outcome.status if answered else 0,
        taken=taken,
        said=(outcome.text[:500].replace("\x00", "") if answered and not taken else reason)[:500],
        took_ms=round(seconds * 1000),
    )


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
