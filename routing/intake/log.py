"""The log of requests to the webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.utils import timezone

from channels_app.models import Channel

from ..models import bulk

_REQUEST = {
    "channel_id": bulk.INT,
    "outcome": bulk.TEXT,
    "reason": bulk.TEXT,
    "calls": bulk.TEXT,
    "remote": bulk.TEXT,
    "at": bulk.TIME,
}


def file_log(items: Sequence[dict[str, Any]]) -> None:
    """Insert these rows."""
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
