"""Checking files, storing them, and deleting them when their time is up."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils import timezone
from django.utils.translation import gettext as _

from providers.base import Media, Provider

from ..models import Attachment, Message
from .types import HEAD, safe_name, sniff, storage_ending

log = logging.getLogger(__name__)

#: Files in this folder belong to many messages; their campaign keeps and deletes them.
SHARED = "campaigns/"
MEGABYTE = 1_000_000  # as providers count


def words(size: int, *, up: bool = False) -> str:
    """A size in words: "130 MB", "1.5 MB", "12 kB"; ``up`` rounds up, so that 100 MB and one
    byte do not read like 100 MB."""
    unit, name = (MEGABYTE, "MB") if size >= MEGABYTE else (1_000, "kB")
    rounded = (math.ceil if up else math.floor)(size / unit * 10) / 10
    return f"{rounded:.1f}".removesuffix(".0") + f" {name}"


def head_of(file: File[Any]) -> bytes:
    """Its first bytes, which tell what it is; it stands at its beginning again."""
    file.seek(0)
    head: bytes = file.read(HEAD)
    file.seek(0)
    return head


def check(provider: type[Provider] | Provider, file: File[Any]) -> None:
    """Raise ValidationError, in an agent's words, unless the provider takes this file."""
    rules = provider.media
    if rules is None:
        said = _("%(provider)s carries text only; it takes no files.")
        raise ValidationError(said % {"provider": provider.name})
    size = file.size
    if not size:
        raise ValidationError(_("The file is empty."))
    found = sniff(head_of(file), getattr(file, "content_type", "") or "", file.name or "")
    if not rules.allows(found):
        taken = ", ".join(kind + ("*" if kind.endswith("/") else "") for kind in rules.types)
        said = _("%(provider)s does not take files of the type %(type)s; it takes %(taken)s.")
        raise ValidationError(said % {"provider": provider.name, "type": found, "taken": taken})
    most = rules.most_bytes(found)
    if size > most:
        said = _("The file has %(size)s; %(provider)s takes at most %(most)s.")
        if most < rules.max_bytes:
            said = _(
                "The file has %(size)s; %(provider)s takes at most %(most)s of the type %(type)s."
            )
        told = {"provider": provider.name, "most": words(most), "type": found}
        raise ValidationError(said % {**told, "size": words(size, up=True)})
    check_limit(size)


def check_limit(size: int) -> None:
    if size > settings.UPLOAD_MAX_BYTES:
        said = _("The file has %(size)s; at most %(most)s are kept here.")
        most = words(settings.UPLOAD_MAX_BYTES)
        raise ValidationError(said % {"size": words(size, up=True), "most": most})


def expiry(provider: type[Provider], now: datetime | None = None) -> datetime | None:
    """When a file that is stored now must go, by the provider's rules; None: never."""
    rules = provider.media
    if rules is None or rules.keep_hours is None:
        return None
    return (now or timezone.now()) + timedelta(hours=rules.keep_hours)


def put(
    provider: type[Provider], attachment: Attachment, content: bytes | File[Any], claim: str = ""
) -> None:
    """Store the bytes and fill in the attachment's facts, without saving the row.

    The name in the storage is our own: nothing of the sender's reaches a path. Raises
    ValidationError if the file is too large.
    """
    file: File[Any] = ContentFile(content) if isinstance(content, bytes) else content
    check_limit(file.size)
    attachment.content_type = sniff(head_of(file), claim, attachment.name)
    attachment.name = safe_name(attachment.name, attachment.content_type)
    attachment.size = file.size
    attachment.state, attachment.reason = Attachment.KEPT, ""
    attachment.expires_at = expiry(provider)
    attachment.due_at = None
    attachment.file.save(secrets.token_hex(16) + storage_ending(attachment.name), file, save=False)


@contextmanager
def staged(provider: type[Provider], upload: Sequence[File[Any]]) -> Iterator[list[Attachment]]:
    """Store files before the transaction that attaches them: a storage may be slow.

    Gives attachments without rows. If what follows fails, their bytes are deleted again. Raises
    ValidationError if one is too large.
    """
    kept: list[Attachment] = []
    try:
        for file in upload:
            attachment = Attachment(name=file.name or "file")
            put(provider, attachment, file, getattr(file, "content_type", ""))
            kept.append(attachment)
        yield kept
    except BaseException:
        drop(kept)
        raise


def attach(message: Message, attachment: Attachment) -> None:
    """Make the row of a staged file."""
    attachment.message = message
    attachment.save()


def drop(attachments: Iterable[Attachment]) -> None:
    """Delete the bytes of files that got no row."""
    for attachment in attachments:
        if attachment.file and not attachment.file.name.startswith(SHARED):
            try:
                attachment.file.delete(save=False)
            except Exception:  # whatever a storage raises: the others must go all the same
                log.exception("%s is left over and cannot be deleted", attachment.file.name)


def arrived(provider: type[Provider], media: Media) -> Attachment:
    """A customer's file without a row yet: its bytes stored, or where to load it, or why not.

    Never raises for what the file is: the message itself must not be lost over it.
    """
    name = safe_name(media.name or media.url.split("?")[0], media.content_type)
    if media.content is not None:
        attachment = Attachment(name=media.name)
        try:
            put(provider, attachment, media.content, media.content_type)
            return attachment
        except ValidationError as error:
            reason = error.messages[0]
    elif media.url:
        return Attachment(
            state=Attachment.PENDING,
            name=name,
            content_type=media.content_type[:127],
            size=media.size or 0,
            source_url=media.url,
            needs_credentials=media.needs_credentials,
            due_at=timezone.now(),
        )
    else:
        reason = "The provider named a file but sent neither its content nor its address."
    return Attachment(
        state=Attachment.MISSING,
        reason=reason,
        name=name,
        content_type=media.content_type[:127],
    )


def clean(now: datetime | None = None, limit: int = 500) -> int:
    """Delete files whose time is up, at most ``limit`` of them; returns how many went."""
    now = now or timezone.now()
    past = Attachment.objects.filter(state=Attachment.KEPT, expires_at__lte=now)
    found = list(past.order_by("expires_at")[:limit])
    for attachment in found:
        # The bytes first: if we die in between, the next run finds the row again.
        try:
            if attachment.file and not attachment.file.name.startswith(SHARED):
                attachment.file.delete(save=False)
        except Exception:  # whatever a storage raises: the other files must go all the same
            log.exception("%s cannot be deleted yet", attachment.file.name)
            later = now + timedelta(hours=1)
            Attachment.objects.filter(pk=attachment.pk).update(expires_at=later)
            continue
        Attachment.objects.filter(pk=attachment.pk, state=Attachment.KEPT).update(
            state=Attachment.EXPIRED, file="", reason="The time this file was kept for is over."
        )
    return len(found)
