"""The gate: what a claimed message must pass in the moment before it leaves.

Only channels whose networks have such rules pay for it: a window for free texts, a pace for each
recipient, templates, files that travel as bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from redis.exceptions import RedisError

from channels_app.models import Channel, Template
from channels_app.throttle import Throttle
from providers.base import Filled, Media, Provider

from .. import files
from ..delivery import Outcome
from ..models import Attachment, Message
from ..models.windows import windows_of
from .claims import Claimed

log = logging.getLogger(__name__)
Read = Callable[..., Awaitable[Any]]

AGAIN = 2.0  # seconds after which a message is tried again that could not be looked at


async def sort(
    throttle: Throttle, read: Read, channel: Channel, adapter: Provider, claimed: list[Claimed]
) -> tuple[list[Claimed], list[Outcome]]:
    """The messages that may leave now, and the outcomes of the others. Never raises.

    ``read`` runs a function that needs the database in a thread.
    """
    stopped: list[Outcome] = []
    try:
        if adapter.window_hours is not None or any(each.chosen for each in claimed):
            reasons = await read(_look, channel, claimed)
            stopped += [_failed(x, reasons[x.outcome.message]) for x in claimed if _in(reasons, x)]
            claimed = [x for x in claimed if not _in(reasons, x)]
        if adapter.recipient_interval:
            waits = await _turns(throttle, read, channel.pk, adapter, claimed)
            stopped += [
                _later(x, wait, f"{adapter.name} takes messages to one recipient at a slower pace.")
                for x, wait in zip(claimed, waits, strict=True)
                if wait
            ]
            claimed = [x for x, wait in zip(claimed, waits, strict=True) if not wait]
    except Exception as error:
        if not isinstance(error, RedisError):
            log.exception("%s: claimed messages could not be looked at", channel)
        stopped += [_later(x, AGAIN, "Parley could not look at this yet.") for x in claimed]
        claimed = []
    return claimed, stopped


def kept_files(message: int) -> list[Attachment]:
    """The files that travel with a message."""
    return list(Attachment.objects.filter(message=message, state=Attachment.KEPT))


def with_bytes(attachments: Sequence[Attachment], adapter: Provider) -> tuple[Media, ...]:
    """The files with their bytes. Raises OSError if one cannot be read.

    In memory at once are no more than the channel's messages in flight, each within MediaRules.
    """
    found = []
    for each in attachments:
        most = adapter.media.most_bytes(each.content_type) if adapter.media else 0
        with each.file.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise OSError(f"{each.name} is larger than {adapter.name} takes.")
        size, kind = len(content), each.content_type
        found.append(Media(files.link(each), content, each.name, kind, size))
    return tuple(found)


# --- inside ------------------------------------------------------------------------------------


def _in(reasons: dict[int, str], claimed: Claimed) -> bool:
    return claimed.outcome.message in reasons


def _failed(claimed: Claimed, reason: str) -> Outcome:
    outcome = claimed.outcome
    outcome.status, outcome.reason = Message.FAILED, reason
    return outcome


def _later(claimed: Claimed, seconds: float, reason: str) -> Outcome:
    outcome = claimed.outcome
    outcome.status, outcome.reason = Message.QUEUED, reason
    outcome.after, outcome.counts = seconds, False
    return outcome


def _look(channel: Channel, claimed: Sequence[Claimed]) -> dict[int, str]:
    """Give the messages their templates; returns why some may not leave, by message."""
    reasons = _fill(channel, [each for each in claimed if each.chosen])
    free = [each.outcome for each in claimed if not each.chosen]
    windows = windows_of(channel, [outcome.session for outcome in free]) if free else {}
    for outcome in free:
        window = windows.get(outcome.session)
        if window and not window.is_open:
            reasons[outcome.message] = window.why_closed
    return reasons


def _fill(channel: Channel, claimed: Sequence[Claimed]) -> dict[int, str]:
    chosen = {each.outcome.message: orjson.loads(each.chosen or "{}") for each in claimed}
    wanted = {each["template"] for each in chosen.values()}
    known = Template.objects.filter(channel=channel).in_bulk(wanted) if wanted else {}
    reasons = {}
    for each in claimed:
        told = chosen[each.outcome.message]
        template = known.get(told["template"])
        if template is None:
            reasons[each.outcome.message] = "The provider has this template no longer."
        elif not template.usable:
            said = template.status or "no"
            reasons[each.outcome.message] = f"{template} cannot be sent: the provider says {said}."
        else:
            each.template = Filled(template.described, tuple(told["values"]))
    return reasons


async def _turns(
    throttle: Throttle, read: Read, channel: int, adapter: Provider, claimed: Sequence[Claimed]
) -> list[float]:
    """How long each message must wait for its recipient; 0: it may go, and has taken its turn."""
    asked = [(each.recipient, each.outcome.message) for each in claimed]
    pace = (adapter.recipient_interval, adapter.recipient_burst)
    turns = await throttle.turns(channel, *pace, asked)
    first = {turn.behind for turn in turns if turn.behind}
    if first and (gone := first - await read(_alive, first)):
        # Those they stand behind will not come any more: they left the outbox by another door.
        lines = zip(asked, turns, strict=True)
        left = [(recipient, turn.behind) for (recipient, _), turn in lines if turn.behind in gone]
        await throttle.forget(channel, left)
        turns = await throttle.turns(channel, *pace, asked)
    return [turn.wait for turn in turns]


def _alive(messages: set[int]) -> set[int]:
    waiting = Message.objects.filter(pk__in=messages, status__in=(Message.QUEUED, Message.SENDING))
    return set(waiting.values_list("pk", flat=True))
