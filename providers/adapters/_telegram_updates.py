"""What a Telegram bot is told: messages of many kinds, and who blocked it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import Inbound, Media, OptOut
from ..errors import WebhookError
from ..reading import field_of, unix
from ._chat import place, size_of

# What a customer may send as a file, and what it is where Telegram does not say.
KINDS = {
    "animation": ("animation.mp4", "video/mp4"),  # before document, as which it comes as well
    "document": ("document", ""),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("video.mp4", "video/mp4"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "voice": ("voice.ogg", "audio/ogg"),
}


def messages(update: Mapping[str, Any], bot: str) -> Iterator[Inbound]:
    """The customer's message in an update. A changed one is a message of its own."""
    found = update.get("message") or update.get("edited_message")
    if not found:
        return
    chat = found.get("chat") if isinstance(found, Mapping) else None
    where, number = field_of(chat, "id"), field_of(found, "message_id")
    if not where or not number:
        raise WebhookError("The message does not name its chat.")
    text, files = field_of(found, "text", "caption") or _shown(found), tuple(_files(found))
    if text or files:  # else somebody came, left, or changed the group's picture
        changed = field_of(found, "edit_date")
        yield Inbound(
            where,
            bot,
            text,
            provider_id=":".join(filter(None, (where, number, changed))),
            media=files,
            sent_at=unix(changed or field_of(found, "date")),
            name=field_of(chat, "title") or _name(found.get("from")),
        )


def changes(update: Mapping[str, Any], bot: str) -> Iterator[OptOut]:
    """Whether the customer blocked the bot, or lets it write again."""
    found = update.get("my_chat_member")
    found = found if isinstance(found, Mapping) else {}
    where = field_of(found.get("chat"), "id")
    status = field_of(found.get("new_chat_member"), "status")
    if where and status in ("kicked", "left", "member"):
        yield OptOut(where, bot, lifted=status == "member")


def _name(found: Any) -> str:
    return " ".join(filter(None, (field_of(found, "first_name"), field_of(found, "last_name"))))


def _shown(found: Mapping[str, Any]) -> str:
    """What is neither text nor file, as text."""
    venue, contact = found.get("venue"), found.get("contact")
    names = [field_of(venue, "title"), field_of(venue, "address")]
    lines = [*names, place(found.get("location"), "latitude", "longitude")]
    lines += [_name(contact), field_of(contact, "phone_number")]
    return "\n".join(filter(None, lines)) or field_of(found.get("sticker"), "emoji")


def _files(found: Mapping[str, Any]) -> Iterator[Media]:
    """The files of a message: of a photo the largest size."""
    photo = found.get("photo")
    if isinstance(photo, list) and photo:
        yield from _file(photo[-1], "photo.jpg", "image/jpeg")
    for kind, (name, content_type) in KINDS.items():
        if kind in found:
            yield from _file(found[kind], name, content_type)
            return


def _file(found: Any, name: str, content_type: str) -> Iterator[Media]:
    if file_id := field_of(found, "file_id"):
        yield Media(
            file_id,
            name=field_of(found, "file_name") or name,
            content_type=field_of(found, "mime_type") or content_type,
            size=size_of(found, "file_size"),
            needs_credentials=True,
        )
