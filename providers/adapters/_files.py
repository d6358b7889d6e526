"""The files of an inbound message, in the several forms that one field may have."""

from __future__ import annotations

import base64
import binascii
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..base import Media
from ..reading import clean, field_of

FIELDS = ("files", "media", "mediaUrls", "media_urls")
# One pair of what Python prints for a dict of texts: 'name.jpg': 'base64'.
_PAIR = re.compile(
    r"""(['"])(?P<name>(?:\\.|(?!\1)[^\\]){0,255})\1\s*:\s*(['"])(?P<body>[A-Za-z0-9+/=\s]*)\3"""
)


def read_files(
    found: Mapping[str, Any], fields: tuple[str, ...] = FIELDS
) -> tuple[tuple[Media, ...], str]:
    """The files, without SMIL (an MMS's layout); and what could not be read ("" if all could)."""
    files: list[Media] = []
    unread: list[str] = []
    for field in fields:
        for name, each in _pieces(found.get(field)):
            media = _media(name, each)
            if media is None:
                unread.append(clean(f"{name or field}: {str(each)[:200]}"))
            elif not is_layout(media):
                files.append(media)
    return tuple(files), "\n".join(unread)


def _pieces(value: Any) -> Iterator[tuple[str, Any]]:
    """Pairs of a name ("" if none) and an address, a base64 text or an object."""
    if isinstance(value, str):
        yield from _written(value.strip())
    elif isinstance(value, Mapping):
        if {"url", "base64", "data", "content"} & value.keys():
            yield "", value
        else:
            yield from value.items()
    elif isinstance(value, list):
        for each in value:
            yield "", each


def _written(text: str) -> Iterator[tuple[str, Any]]:
    if not text or text in ("{}", "[]", "None", "null"):
        return
    if text[0] in "{[":
        try:
            yield from _pieces(json.loads(text))
            return
        except (ValueError, RecursionError):
            pass
        pairs = [(m["name"], m["body"]) for m in _PAIR.finditer(text)]
        yield from pairs or [("", text)]
    else:
        yield from (("", each.strip()) for each in text.split(",") if each.strip())


def _media(name: str, each: Any) -> Media | None:
    """One file; None if it cannot be read."""
    kind = ""
    if isinstance(each, Mapping):
        name = field_of(each, "filename", "name") or name
        kind = field_of(each, "mime_type", "content_type", "type")
        each = field_of(each, "url") or field_of(each, "base64", "data", "content")
    if not isinstance(each, str) or not each:
        return None
    if each.startswith(("https://", "http://")):
        name = name or name_of(each)
        return Media(url=clean(each), name=clean(name), content_type=kind or _guess(name))
    try:
        content = base64.b64decode("".join(each.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Media(
        content=content, name=clean(name), content_type=kind or _guess(name), size=len(content)
    )


def _guess(name: str) -> str:
    return mimetypes.guess_type(name)[0] or ""


def name_of(url: str) -> str:
    """The last part of an address: the name of the file there."""
    return url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]


def is_theirs(url: str, api_address: str, domain: str) -> bool:
    """Whether a file lies at the provider itself, so that our credentials may go along."""
    host = urlsplit(url).hostname or ""
    return host == urlsplit(api_address).hostname or host.endswith(f".{domain}")


def is_layout(media: Media) -> bool:
    """Whether the file is SMIL, which tells how the others are shown."""
    return media.name.lower().endswith(".smil") or media.content_type == "application/smil"
