"""webhook: where a client's events are posted, at most five addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from providers.http import check_url

from ...forwarding import open_api
from ...models import Door, OpenTarget, PlatformEvent
from ...models.open_api import MOST_TARGETS, new_word
from .reading import Given
from .words import wrong

TIMEOUT, RETRIES = 10, 30  # seconds for one attempt; attempts within a day, about


def query(door: Door, given: Given) -> dict[str, Any]:
    found = open_api.targets(door)
    events = sorted({kind for each in found for kind in each.event_ids or (0,)})
    return {
        "data": {
            "enb_webhook_event_push": int(bool(found)),
            "webhook_event_push_list": [
                {
                    "url": each.url,
                    "secret": each.secret,
                    "request_method": each.method,
                    "event_ids": list(each.event_ids) or [0],
                }
                for each in found
            ],
            "webhook_event_push_timeout": TIMEOUT,
            "webhook_event_push_retry_count": RETRIES,
            "webhook_event_ids": [0] if 0 in events else events,
        }
    }


def update(door: Door, given: Given) -> dict[str, Any]:
    """Put these in place of all; none ends them. A secret that is not given is kept or made."""
    known = {each.url: each.secret for each in open_api.targets(door)}
    on = given.number("enb_webhook_event_push", (0, 1), 1)
    wanted = []
    for each in given.items("webhook_event_push_list", most=MOST_TARGETS) if on else ():
        url = _url(each)
        if url in [other.url for other in wanted]:
            raise wrong("url", "duplicate")
        secret = each.text("secret", most=128) or known.get(url) or new_word()
        if len(secret) < 16:
            raise wrong("secret", "min_length")
        method = each.word("request_method", ("GET", "POST"), "POST")
        wanted.append(open_api.Target(url, secret, method, _events(each)))
    with transaction.atomic():
        _store(door, wanted)
        gone = set(known) - {each.url for each in wanted}
        _give_up(door, gone)
    return {}


def _store(door: Door, wanted: list[open_api.Target]) -> None:
    first = wanted[0] if wanted else open_api.Target("", "")
    door.point(first.url, first.secret)
    door.targets.all().delete()
    OpenTarget.objects.bulk_create(
        OpenTarget(
            door=door,
            place=place,
            url=each.url,
            keys=[each.secret],
            method=each.method,
            event_ids=list(each.event_ids),
        )
        for place, each in enumerate(wanted)
    )


def _give_up(door: Door, gone: set[str]) -> None:
    """What waits for addresses that are no longer told."""
    waiting = PlatformEvent.objects.filter(platform=door.receiver, done_at=None, failed_at=None)
    left = waiting.filter(url__in=gone)
    left.update(failed_at=timezone.now(), reason="The address was taken back.")


def _url(given: Given) -> str:
    url = given.text("url", required=True, most=500).strip()
    try:
        check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except ValueError as error:
        raise wrong("url", "invalid", str(error)) from None
    return url


def _events(given: Given) -> tuple[int, ...]:
    """Which events: a list, or numbers with commas between. 0 or none: all."""
    said = given.found.get("event_ids")
    words = said if isinstance(said, list) else str(said or "").split(",")
    try:
        found = {int(each) for each in words if str(each).strip()}
    except (TypeError, ValueError):
        raise wrong("event_ids", "array") from None
    return () if 0 in found else tuple(sorted(found))
