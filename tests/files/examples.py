"""Files, and short ways to look at them."""

from __future__ import annotations

from django.core.files.base import ContentFile

from routing import files
from routing.models import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
PDF = b"%PDF-1.7\n"
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def path_of(attachment: Attachment) -> str:
    from django.conf import settings

    return files.link(attachment).removeprefix(settings.PUBLIC_URL)


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def again(attachment: Attachment) -> Attachment:
    attachment.refresh_from_db()
    return attachment


def store(message, name: str, content_type: str, content) -> Attachment:
    """A file as the desk keeps it with its message."""
    upload = ContentFile(content) if isinstance(content, bytes) else content
    upload.name, upload.content_type = name, content_type
    with files.staged(message.channel.provider_class, [upload]) as (attachment,):
        files.attach(message, attachment)
    return attachment


def received(message, media) -> Attachment:
    """A customer's file as the intake keeps it with its message."""
    attachment = files.arrived(message.channel.provider_class, media)
    files.attach(message, attachment)
    return attachment
