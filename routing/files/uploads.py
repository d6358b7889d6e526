"""Files that other systems upload before they send them."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.files.base import File

from ..models import Upload
from .keeping import check_limit, head_of
from .types import safe_name, sniff, storage_ending


def keep_upload(caller: str, file: File[Any]) -> Upload:
    """Store a caller's file for a day. Raises ValidationError if it is too large."""
    check_limit(file.size)
    kind = sniff(head_of(file), getattr(file, "content_type", "") or "", file.name or "")
    name = safe_name(file.name or "file", kind)
    upload = Upload(caller=caller, name=name, content_type=kind, size=file.size)
    upload.file.save(secrets.token_hex(16) + storage_ending(name), file, save=False)
    upload.save()
    return upload
