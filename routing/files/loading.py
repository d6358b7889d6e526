"""Loading the files that customers sent and a provider only gave the address of."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from providers.base import Answer, Call, Media, Talk, Wait
from providers.errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable
from providers.http import Carrier, check_url, redact

from ..models import Attachment, Exchange
from .keeping import put
from .types import safe_name

R = TypeVar("R")

SECONDS = 60.0  # for one call
LEASE = timedelta(minutes=10)  # a worker that has not come back after this has died
REDIRECTS = 3
#: Seconds until the next try; after the last one the file is given up.
DELAYS = (10, 60, 300, 1_800, 7_200, 21_600)


def pending(now: datetime | None = None) -> QuerySet[Attachment]:
    """The files that may be loaded now, the longest waiting first."""
    due = Q(due_at__lte=now or timezone.now()) | Q(due_at=None)
    return Attachment.objects.filter(due, state=Attachment.PENDING).order_by("due_at", "pk")


def fetch_due(limit: int = 20, seconds: float = 60.0) -> list[Attachment]:
    """Load what is due, for about so many seconds; returns those whose state changed."""
    end = time.monotonic() + seconds
    changed = []
    for pk in list(pending().values_list("pk", flat=True)[:limit]):
        if time.monotonic() > end:
            break
        if attachment := fetch(pk):
            changed.append(attachment)
    return changed


def fetch(attachment_pk: int) -> Attachment | None:
    """Load one file; returns the attachment if its state changed, to kept or missing.

    The wait until the next try is also the lease: of two workers only one loads.
    """
    now = timezone.now()
    due = pending(now).filter(pk=attachment_pk).order_by()
    if not due.update(attempts=F("attempts") + 1, due_at=now + LEASE):
        return None
    attachment = Attachment.objects.select_related("message__channel").get(pk=attachment_pk)
    calls: list[dict[str, Any]] = []
    error: ProviderError | None = None
    try:
        content, claim = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES).run(
            _following(_talk(attachment), settings.UPLOAD_MAX_BYTES), calls
        )
        provider = attachment.message.channel.provider_class
        put(provider, attachment, content, claim or attachment.content_type)
    except ProviderError as failed:
        error = failed
    except ValidationError as refused:
        error = Rejected(refused.messages[0])
    except OSError as full:
        error = Unavailable(f"The file could not be stored: {full.strerror or full}.")
    _write_down(attachment, calls, error)
    return _settle(attachment, error, now)


def download(url: str, seconds: float) -> ContentFile[bytes]:
    """The file at an address that somebody gave us, with its name and type. Raises ProviderError.

    Rejected: there is no such file, or we must not ask there. Anything else may pass.
    """

    try:
        check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except ValueError as error:
        raise Rejected(str(error)) from None

    def ask() -> Talk[Answer]:
        return (yield Call("GET", url, sends=False, judge=_judge))

    carrier = Carrier(allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    answer = carrier.run(_following(ask(), settings.UPLOAD_MAX_BYTES, seconds), [])
    claim = answer.headers.get("content-type", "")
    found = ContentFile(answer.body, safe_name(url.split("?")[0], claim))
    found.content_type = claim.partition(";")[0].strip()  # type: ignore[attr-defined]
    return found


def reload(attachment: Attachment) -> bool:
    """Try a missing file again from the beginning; returns whether this call did it."""
    return bool(
        Attachment.objects.filter(pk=attachment.pk, state=Attachment.MISSING)
        .exclude(source_url="")
        .update(state=Attachment.PENDING, reason="", attempts=0, due_at=timezone.now())
    )


def _talk(attachment: Attachment) -> Talk[tuple[bytes, str]]:
    """Ask for the file, by the adapter where only it can; gives the bytes and their type."""
    if attachment.needs_credentials:
        media = Media(
            url=attachment.source_url,
            name=attachment.name,
            content_type=attachment.content_type,
            needs_credentials=True,
        )
        content = yield from attachment.message.channel.adapter.fetch(media)
        return content, ""
    answer = yield Call("GET", attachment.source_url, sends=False, judge=_judge)
    return answer.body, answer.headers.get("content-type", "")


def _judge(answer: Answer) -> ProviderError | None:
    if answer.status < 300:
        return None
    said = f"The file's address answers HTTP {answer.status}."
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return Unavailable(said)
    return Rejected(said)


def _following(
    talk: Generator[Call | Wait, Answer, R], limit: int, seconds: float = SECONDS
) -> Talk[R]:
    """The same talk with room for files in its answers, and with redirects followed."""
    try:
        step = next(talk)
        while True:
            if isinstance(step, Wait):
                step = talk.send((yield step))
                continue
            try:
                answer = yield from _redirected(step, limit, seconds)
            except ProviderError as error:
                step = talk.throw(error)
            else:
                step = talk.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


def _redirected(call: Call, limit: int, seconds: float) -> Talk[Answer]:
    """The answer at the end of at most three redirects. Raises what the call's judge says of it.

    The carrier checks every address anew, so that no redirect leads into a private network.
    """
    here = replace(call, judge=None, timeout=seconds, max_bytes=max(call.max_bytes, limit))
    for _ in range(REDIRECTS + 1):
        if urlsplit(here.url).scheme not in ("http", "https"):
            raise Rejected("The file's address is not an http:// or https:// address.")
        answer = yield here
        target = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not target:
            if call.judge and (error := call.judge(answer)):
                raise error
            return answer
        url = urljoin(here.url, target)
        if urlsplit(url)[:2] != urlsplit(here.url)[:2]:  # elsewhere our keys have no business
            here = replace(here, headers={}, auth=None)
        here = replace(here, method="GET", url=url, params=None, json=None, form=None, body=None)
    raise Rejected(f"The file's address redirects more than {REDIRECTS} times.")


def _write_down(
    attachment: Attachment, calls: list[dict[str, Any]], error: ProviderError | None
) -> None:
    channel = attachment.message.channel
    for call in calls:
        if call["status"] and call["status"] < 300:
            call["answer"] = ""  # the file itself is no reading matter
    secrets = channel.secret_values
    Exchange.objects.create(
        channel=channel,
        message=attachment.message,
        kind=Exchange.FETCH,
        outcome=Exchange.REFUSED if error else Exchange.OK,
        reason=redact(error.reason, secrets)[:500] if error else "",
        calls=redact(json.dumps(calls), secrets),
    )


def _settle(
    attachment: Attachment, error: ProviderError | None, now: datetime
) -> Attachment | None:
    mine = Attachment.objects.filter(
        pk=attachment.pk, state=Attachment.PENDING, attempts=attachment.attempts
    )
    if error is None:
        kept = ("state", "reason", "file", "name", "content_type", "size", "expires_at", "due_at")
        changes = {name: getattr(attachment, name) for name in kept}
        if mine.update(**{**changes, "file": attachment.file.name}):
            return attachment
        attachment.file.delete(save=False)  # another worker was faster
        return None
    reason = redact(error.reason, attachment.message.channel.secret_values)[:500]
    final = isinstance(error, Rejected | BadCredentials) or attachment.attempts > len(DELAYS)
    if not final:
        wait = float(DELAYS[attachment.attempts - 1])
        if isinstance(error, Throttled) and error.after is not None:
            wait = max(wait, min(error.after, DELAYS[-1]))
        mine.update(reason=reason, due_at=now + timedelta(seconds=wait))
        return None
    if not mine.update(state=Attachment.MISSING, reason=reason, due_at=None):
        return None
    attachment.state, attachment.reason, attachment.due_at = Attachment.MISSING, reason, None
    return attachment
