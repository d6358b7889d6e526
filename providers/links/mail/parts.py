"""The parts of a mail: its texts and files, whatever the sender's program made of them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value

from ...messages import Media
from ...reading import clean
from .html import text_of

MOST_FILES = 50
MOST_PARTS = 500
_NOBODYS = {"text/x-amp-html", "text/watch-html"}  # for programs; the same stands beside it


def header(mail: Message, name: str) -> str:
    """A header as text in one line; "" if there is none."""
    # As it came: bytes that are not ASCII are still to be read.
    found = (value for key, value in mail.raw_items() if key.lower() == name.lower())
    return decoded(str(next(found, "")))


def decoded(raw: str) -> str:
    """A header's value with its encoded words read, as far as they can be."""
    raw = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        text = raw
    return clean(" ".join(text.split()))


def read(mail: Message) -> tuple[str, tuple[Media, ...]]:
    """The text that a person would read, and the files beside it."""
    texts: list[str] = []
    files: list[Media] = []
    for part in _chosen(mail):
        if _is_text(part):
            texts.append(_text(part))
        elif len(files) < MOST_FILES:
            files.append(_file(part))
    return "\n\n".join(filter(None, texts)).strip(), tuple(files)


def _chosen(mail: Message) -> Iterator[Message]:
    """The leaves, of alternatives the plainest text; without recursion: some nest without end."""
    waiting = [(mail, True)]  # each part, and whether its texts count
    seen = 0
    while waiting and seen < MOST_PARTS:
        part, counts = waiting.pop()
        seen += 1
        inside = part.get_payload()
        if not isinstance(inside, list) or part.get_content_type() == "message/rfc822":
            if counts or not _is_text(part):
                yield part
            continue
        children = [each for each in inside if isinstance(each, Message)]
        plain = None
        if part.get_content_subtype() == "alternative":
            children = [each for each in children if each.get_content_type() not in _NOBODYS]
            plain = next((each for each in children if _is_plain(each) and _text(each)), None)
        for each in reversed(children):
            waiting.append((each, counts and plain in (None, each)))


def _is_plain(part: Message) -> bool:
    return _is_text(part) and part.get_content_type() == "text/plain"


def _is_text(part: Message) -> bool:
    if part.get_content_disposition() == "attachment" or part.get_filename():
        return False
    return part.get_content_type() in ("text/plain", "text/html")


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text(part: Message) -> str:
    raw = _bytes(part)
    text = _in_charset(raw, str(part.get_content_charset() or ""))
    if part.get_content_type() == "text/html":
        text = text_of(text)
    return clean(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n ")


def _in_charset(raw: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return raw.decode(codecs.lookup(name).name) if name else raw.decode()
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return raw.decode("cp1252", "replace")


def _file(part: Message) -> Media:
    kind = part.get_content_type()
    inside = part.get_payload()
    if kind == "message/rfc822" and isinstance(inside, list) and isinstance(inside[0], Message):
        name = header(inside[0], "Subject") or "mail"
        return Media(content=inside[0].as_bytes(), name=f"{name[:80]}.eml", content_type=kind)
    try:
        name = decoded(collapse_rfc2231_value(part.get_filename() or ""))
    except (LookupError, ValueError, TypeError):
        name = ""
    return Media(content=_bytes(part), name=name or "file", content_type=kind)
