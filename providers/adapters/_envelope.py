"""The webhook envelope that Telnyx made common: an event with the message as its payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import DELIVERED, FAILED, SENT, Inbound, Media, Report, WebhookRequest
from ..errors import WebhookError
from ..reading import e164, field_of, moment
from ._files import name_of

STATUSES = {
    "queued": SENT,
    "sending": SENT,
    "sent": SENT,
    "delivery_unconfirmed": SENT,  # it has ended, and nobody knows how
    "delivered": DELIVERED,
    "expired": FAILED,
    "sending_failed": FAILED,
    "delivery_failed": FAILED,
}
WORST_FIRST = (FAILED, SENT, DELIVERED)


def event(request: WebhookRequest) -> tuple[str, Mapping[str, Any]]:
    """The type of the event, and the message. Raises WebhookError if it is no envelope."""
    envelope = request.json.get("data")
    if not isinstance(envelope, dict):
        raise WebhookError("The request has no data object.")
    payload = envelope.get("payload")
    found: dict[str, Any] = dict(payload) if isinstance(payload, dict) else {}
    found["id"] = field_of(found, "id") or field_of(envelope, "id")
    return field_of(envelope, "event_type"), found


def inbound(request: WebhookRequest) -> Iterator[Inbound]:
    """The customer's message in the envelope, if it holds one."""
    kind, payload = event(request)
    if kind != "message.received":
        return
    senders, recipients = (
        _each(payload, "from", "phone_number"),
        _each(payload, "to", "phone_number"),
    )
    if not senders or not recipients:
        raise WebhookError("The message does not name its sender and its recipient.")
    yield Inbound(
        e164(senders[0]),
        e164(recipients[0]),
        field_of(payload, "text"),
        provider_id=field_of(payload, "id"),
        media=tuple(_media(payload)),
        sent_at=moment(field_of(payload, "received_at")),
        others=tuple(e164(each) for each in recipients[1:]),
    )


def reports(request: WebhookRequest, name: str) -> Iterator[Report]:
    """What the envelope says became of our message; of several recipients the worst."""
    kind, payload = event(request)
    if kind not in ("message.sent", "message.finalized"):
        return
    provider_id = field_of(payload, "id")
    if not provider_id:
        raise WebhookError("The report does not name its message.")
    found = {STATUSES.get(word) for word in _each(payload, "to", "status")}
    status = next((each for each in WORST_FIRST if each in found), None)
    if status:
        said = [*_each(payload, "errors", "detail"), *_each(payload, "errors", "title")]
        reason = f"{name}: {(said or ['not delivered'])[0]}" if status == FAILED else ""
        when = moment(field_of(payload, "completed_at", "sent_at"))
        yield Report(status, provider_id, reason=reason, at=when)


def _each(payload: Mapping[str, Any], name: str, field: str) -> list[str]:
    """A field of each object in a list. One object stands for a list, a text for an object."""
    listed = payload.get(name)
    listed = listed if isinstance(listed, list) else [listed]
    words = (field_of({field: each} if isinstance(each, str) else each, field) for each in listed)
    return [word for word in words if word]


def _media(payload: Mapping[str, Any]) -> Iterator[Media]:
    for name in ("media", "media_urls"):
        listed = payload.get(name)
        for each in listed if isinstance(listed, list) else []:
            found = {"url": each} if isinstance(each, str) else each
            if url := field_of(found, "url"):
                yield Media(url, name=name_of(url), content_type=field_of(found, "content_type"))
