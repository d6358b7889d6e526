"""What customers write on WhatsApp: every kind of message as a text and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import Media
from ..reading import field_of
from ._chat import place
from ._tree import branches, first

FILES = ("image", "video", "audio", "document", "sticker")
#: Where the text of the other kinds stands.
TEXTS = {
    "text": "text.body",
    "button": "button.text",
    "reaction": "reaction.emoji",
    "interactive": "interactive.button_reply.title | interactive.list_reply.title | "
    "interactive.nfm_reply.body | interactive.nfm_reply.response_json",
}
SILENT = ("system", "reaction")  # say nothing, unless they hold a text
ODD = "(a message of a kind that cannot be shown here: {kind})"


def messages(value: Any) -> Iterator[Mapping[str, Any]]:
    """The messages that hold something for us; what is said in groups does not."""
    for each in branches(value, "messages.*"):
        if not isinstance(each, dict) or each.get("group_id"):
            continue
        if field_of(each, "type") not in SILENT or text(each):
            yield each


def names(value: Any) -> dict[str, str]:
    """The customers' names, by phone number and by user ID."""
    found = {}
    for each in branches(value, "contacts.*"):
        for known in ("wa_id", "user_id"):
            if key := field_of(each, known):
                found[key] = first(each, "profile.name")
    return found


def sender(message: Mapping[str, Any]) -> str:
    """The phone number with its plus, or the ID of a user who shows none."""
    phone = field_of(message, "from")
    return "+" + phone.lstrip("+") if phone else field_of(message, "from_user_id")


def name(message: Mapping[str, Any], known: Mapping[str, str]) -> str:
    ids = (field_of(message, "from"), field_of(message, "from_user_id"))
    return next((known[each] for each in ids if known.get(each)), "")


def text(message: Mapping[str, Any]) -> str:
    kind = field_of(message, "type")
    if kind in FILES:
        return first(message, f"{kind}.caption")
    if kind == "location":
        return place(message.get("location"), "latitude", "longitude", "name", "address")
    if kind in TEXTS:
        return first(message, TEXTS[kind])
    return "" if kind in SILENT else ODD.format(kind=kind or "unknown")


def files(message: Mapping[str, Any], address: str) -> tuple[Media, ...]:
    """The message's file; ``address`` is what its ID follows."""
    kind = field_of(message, "type")
    found = message.get(kind) if kind in FILES else None
    if not isinstance(found, dict):
        return ()
    key, content_type = field_of(found, "id"), field_of(found, "mime_type")
    url = address + key if key else ""
    named = field_of(found, "filename") or kind
    return (Media(url=url, name=named, content_type=content_type, needs_credentials=True),)
