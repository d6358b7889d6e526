"""What a file really is, and a name for it that harms nobody.

The sender's word is only believed where the first bytes do not contradict it: a browser that is
shown a "picture" full of script would run it under our address.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata

HEAD = 1024  # bytes that are looked at
UNKNOWN = "application/octet-stream"
MARKUP = "text/html"

_BEGINS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"#!AMR": "audio/amr",
    b"\x1a\x45\xdf\xa3": "video/webm",
    b"MZ": "application/x-msdownload",
    b"\x7fELF": "application/x-executable",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
#: What may truly begin like the type on the left.
_COVERS = {
    "application/zip": (
        "application/vnd.",
        "application/zip",
        "application/x-zip",
        "application/epub",
    ),
    "audio/ogg": ("audio/ogg", "video/ogg", "application/ogg", "audio/opus"),
    "audio/mpeg": ("audio/mpeg", "audio/mp3"),
    "audio/amr": ("audio/amr",),
    "audio/wav": ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
    "video/webm": ("video/webm", "audio/webm", "video/x-matroska"),
    "video/mp4": ("video/", "audio/", "image/heic", "image/heif", "image/avif"),
}
#: Beginnings that a plain text may have as well; in a true one a zero byte follows.
_WORDS = (b"MZ", b"ID3", b"OggS")
_MARKUP_BEGINS = re.compile(
    rb"<(?:\?xml|!--|!doctype\s+html|(?:html|head|body|script|style|iframe|svg|img|link|meta|object"
    rb"|embed|form|table|div|p|a|b|title|base|math)[\s>/])",
    re.IGNORECASE,
)
#: A browser would run these; they are never served as what they are.
ACTIVE = re.compile(r"html|svg|[/+]xml|javascript|ecmascript|x-shockwave|xslt")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,63}")


def sniff(head: bytes, claim: str, name: str) -> str:
    """The file's MIME type by its first bytes, its claimed type and its name, in this order."""
    claim = _claimed(claim, name)
    found = _seen(head)
    if found == MARKUP:
        if b"<svg" in head.lower():
            return "image/svg+xml"
        return claim if ACTIVE.search(claim) else MARKUP
    if found:
        return claim if claim.startswith(_COVERS.get(found, (found,))) else found
    if claim in _BEGINS.values() or claim.startswith(("image/", "video/mp4")):
        return UNKNOWN  # it says to be what it clearly is not
    return claim


def _claimed(claim: str, name: str) -> str:
    claim = claim.split(";")[0].strip().lower()
    claim = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}.get(claim, claim)
    if not _TYPE.fullmatch(claim) or claim == UNKNOWN:
        claim = mimetypes.guess_type(name)[0] or UNKNOWN
    return claim


def _seen(head: bytes) -> str:
    """The type that the first bytes prove, MARKUP for any of its kind, "" if they prove none."""
    for begin, found in _BEGINS.items():
        if head.startswith(begin) and (begin not in _WORDS or b"\x00" in head):
            return found
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return "video/mp4"
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\f")  # UTF-16 as well
    return MARKUP if _MARKUP_BEGINS.match(plain) else ""


def safe_name(name: str, content_type: str) -> str:
    """The last part of the name, without what could mislead a person or a file system."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join("_" if c in '<>:"|?*' else c for c in name if _printable(c))
    name = re.sub(r"\s+", " ", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = name, ""
    right = mimetypes.guess_extension(content_type) or ""
    guessed = mimetypes.guess_type(f"x.{ending}")[0]
    # A picture called "invoice.html" would be opened as a page once it is saved.
    wrong = content_type.startswith("image/") and guessed != content_type
    stem = stem[:100].strip(" .") or "file"
    if ending and not wrong:
        return f"{stem}.{ending}"
    return f"{stem}{f'.{ending}' if ending else ''}{right}"


def _printable(char: str) -> bool:
    """Whether it is neither a control nor an invisible sign that turns the text around."""
    return unicodedata.category(char)[0] != "C"


def storage_ending(name: str) -> str:
    """The name's ending if it is a harmless word, for a readable storage; else ""."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return f".{ending}" if re.fullmatch(r"[a-z0-9]{1,8}", ending) else ""
