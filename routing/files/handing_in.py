"""Uploads are handed on with their message."""

from __future__ import annotations

from typing import Any

from django.core.files import File

from ..models import Upload


def handed_in(upload: Upload) -> File[Any]:
    """The file, open, with its own name and type."""
    found: File[Any] = File(upload.file.open("rb"), name=upload.name)
    found.content_type = upload.content_type  # type: ignore[attr-defined]
    return found
