"""What LINE tells an official account: messages of many kinds, and who blocked it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ..base import Inbound, Media, OptOut, WebhookRequest
from ..errors import WebhookError
from ..reading import field_of, unix
from ._chat import place, size_of

# What a customer may send as a file: its name and type where LINE tells none.
KINDS = {
    "image": ("image.jpg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "audio": ("audio.m4a", "audio/mp4"),
    "file": ("file", ""),
}


def _events(request: WebhookRequest) -> Iterator[tuple[Mapping[str, Any], str, str]]:
    """The events that are ours to answer, each with its customer and our own id."""
    own, listed = field_of(request.json, "destination"), request.json.get("events")
    if not own or not isinstance(listed, list):
        raise WebhookError("The request lacks its destination or its events.")
    for event in listed:
        source = event.get("source") if isinstance(event, Mapping) else None
        who = field_of(source, "groupId", "roomId", "userId")
        if who and field_of(event, "mode") != "standby":  # another program answers it
            yield event, who, own


def messages(request: WebhookRequest, files_at: str) -> Iterator[Inbound]:
    """The messages in a request; ``files_at`` is the host of their files."""
    for event, who, own in _events(request):
        found, text = event.get("message"), ""
        if event.get("type") == "postback":
            text = field_of(event.get("postback"), "data")
        elif event.get("type") != "message" or not isinstance(found, Mapping):
            continue
        yield Inbound(
            who,
            own,
            text or field_of(found, "text") or _shown(found),
            provider_id=field_of(event, "webhookEventId") or field_of(found, "id"),
            media=tuple(_files(found, files_at)),
            sent_at=unix(field_of(event, "timestamp")),
        )


def changes(request: WebhookRequest) -> Iterator[OptOut]:
    """Who blocked the account, or became its friend."""
    for event, who, own in _events(request):
        if event.get("type") in ("follow", "unfollow"):
            yield OptOut(who, own, lifted=event["type"] == "follow")


def _files(found: Any, files_at: str) -> Iterator[Media]:
    """The file of a message, at LINE's host for files or where somebody else keeps it."""
    kind, number = field_of(found, "type"), field_of(found, "id")
    if kind not in KINDS or not number:
        return
    name, content_type = KINDS[kind]
    name, size = field_of(found, "fileName") or name, size_of(found, "fileSize")
    elsewhere = field_of(found.get("contentProvider"), "originalContentUrl")
    if elsewhere.startswith(("https://", "http://")):
        yield Media(elsewhere, name=name, content_type=content_type, size=size)
        return
    url = f"{files_at}/v2/bot/message/{quote(number, '')}/content"
    yield Media(url, name=name, content_type=content_type, size=size, needs_credentials=True)


def _shown(found: Any) -> str:
    """What is neither text nor file, as text."""
    kind = field_of(found, "type")
    if kind == "sticker":
        return f"(sticker {field_of(found, 'packageId')}/{field_of(found, 'stickerId')})"
    where = place(found, "latitude", "longitude", "title", "address")
    return where or ("" if kind in KINDS or kind == "text" else f"({kind})")
