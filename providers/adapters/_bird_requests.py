"""What Bird brings: events of the Channels API, and the fields of the older REST API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from ..base import DELIVERED, FAILED, SENT, Inbound, Media, OptOut, Report, WebhookRequest
from ..errors import WebhookError
from ..reading import clean, e164, field_of, moment
from . import _params, _tree
from ._files import name_of, read_files

STATUSES = {
    **dict.fromkeys(("accepted", "processing", "scheduled", "buffered", "sent"), SENT),
    "delivered": DELIVERED,
    **dict.fromkeys(("delivery_failed", "sending_failed", "skipped", "expired"), FAILED),
}
REASONS = {"expired": "the time for delivery ran out", "skipped": "it was left out"}
STOPPED = "103"  # the recipient has sent STOP
DATES = ("%Y%m%d%H%M%S",)


def event(request: WebhookRequest, channel: str) -> tuple[str, Mapping[str, Any]] | None:
    """The name and the payload of an event; None if the request is of the REST API.

    The events of other channels of the workspace have no name here: they are not ours.
    """
    if not request.body.lstrip().startswith(b"{") or "payload" not in request.json:
        return None
    payload = request.json["payload"]
    if not isinstance(payload, dict):
        raise WebhookError("The event has no payload.")
    ours = field_of(payload, "channelId") in ("", channel) or not channel
    return field_of(request.json, "event") if ours else "", payload


def fields(request: WebhookRequest) -> dict[str, Any]:
    """The fields of a request of the REST API, with names in small letters."""
    found = {name.lower(): value for name, value in _params.told(request).items()}
    if found and not {"originator", "status"} & found.keys():
        raise WebhookError("The request is neither a message nor a report.")
    return found


def inbound(payload: Mapping[str, Any], own_number: str) -> Inbound:
    """The customer's message in an event. Raises WebhookError if it names no sender or number."""
    sender = e164(_tree.first(payload, "sender.contact.identifierValue"))
    number = e164(_tree.first(payload, "receiver.connectors.identifierValue"))
    number = number if number.startswith("+") else own_number or number
    if not sender or not number:
        raise WebhookError("The message does not name its sender or number; enter an own number.")
    kind = _tree.first(payload, "body.type")
    text = _tree.first(payload, f"body.{kind}.text")
    urls = (_tree.values(payload, f"body.{kind}.{n}.*.mediaUrl") for n in ("images", "files"))
    media = tuple(
        Media(url, name=name_of(url), needs_credentials=True) for found in urls for url in found
    )
    raw = "" if text or media else clean(json.dumps(payload.get("body")))[:2000]
    when = moment(field_of(payload, "createdAt"))
    return Inbound(sender, number, text, field_of(payload, "id"), media, sent_at=when, raw=raw)


def report(payload: Mapping[str, Any]) -> Iterator[Report]:
    """What an event says became of our message."""
    word, names = (
        field_of(payload, "status"),
        (field_of(payload, "id"), field_of(payload, "reference")),
    )
    if (status := STATUSES.get(word)) and any(names):
        said = REASONS.get(word, "not delivered")
        reason = f"Bird: {field_of(payload, 'reason') or said} ({word})."
        yield Report(status, *names, reason if status == FAILED else "")


def rest_inbound(found: Mapping[str, Any], request: WebhookRequest) -> Iterator[Inbound]:
    """The message in a request of the REST API; short codes have other names for the same."""
    if "originator" not in found:
        return
    sender = e164(field_of(found, "originator"))
    number = e164(field_of(found, "recipient", "receiver", "shortcode"))
    if not sender or not number:
        raise WebhookError("The message does not name its sender and its recipient.")
    media, raw = _files(found, request)
    told = field_of(found, "createddatetime", "date_utc", "date", "receive_datetime")
    text, own_id = field_of(found, "body", "message"), field_of(found, "id", "mid")
    yield Inbound(sender, number, text, own_id, media, sent_at=_time(told), raw=raw)


def rest_report(found: Mapping[str, Any]) -> Iterator[Report]:
    """What a request of the REST API says became of our message."""
    word, code = field_of(found, "status"), field_of(found, "statuserrorcode")
    names = field_of(found, "id"), field_of(found, "reference")
    status = STATUSES.get(word)
    if "originator" not in found and status and any(names):
        said = field_of(found, "statusreason") or REASONS.get(word, "not delivered")
        reason = f"Bird: {said} ({f'code {code}' if code else word})." if status == FAILED else ""
        yield Report(status, *names, reason, _time(field_of(found, "statusdatetime")))


def rest_opt_out(found: Mapping[str, Any]) -> Iterator[OptOut]:
    customer = e164(field_of(found, "recipient"))
    if field_of(found, "statuserrorcode") == STOPPED and customer:
        yield OptOut(customer)


def _time(text: str) -> datetime | None:
    """The time; the plus sign of its zone is a blank where nobody wrote it as %2B."""
    return moment(text.replace(" ", "+") if "T" in text else text, forms=DATES)


def _files(found: Mapping[str, Any], request: WebhookRequest) -> tuple[tuple[Media, ...], str]:
    """The files of a message, whether one field lists them or a field is repeated."""
    pairs = parse_qsl(request.body.decode("ascii", "replace"))
    repeated = [value for name, value in pairs if name.lower().partition("[")[0] == "mediaurls"]
    listed: Any = repeated if len(repeated) > 1 else "".join(repeated)
    return read_files({"media": listed or found.get("mediaurls")}, ("media",))
