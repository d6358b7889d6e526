"""message/batchupload: files that are handed in first and sent with a message later."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files import File
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from ... import files
from ...models import Door, Upload
from .reading import Given
from .words import NOT_FOUND, SYNTAX, TOO_LARGE, Refusal, wrong

MOST_BYTES = 100 * 1024 * 1024  # of one request, in all
FILES_AT_ONCE = 1  # of one message


def take(door: Door, request: HttpRequest) -> dict[str, Any]:
    """Keep the files of the form; each is known by its id from then on."""
    try:
        found = request.FILES.getlist("files")
    except (MultiPartParserError, TooManyFilesSent, RequestDataTooBig):
        raise Refusal(SYNTAX, "The form cannot be read.") from None
    if not found:
        raise wrong("files", "required")
    if sum(each.size or 0 for each in found) > min(MOST_BYTES, settings.UPLOAD_MAX_BYTES):
        raise Refusal(TOO_LARGE)
    return {"list": [_told(files.keep_upload(_caller(door), each)) for each in found]}


def _caller(door: Door) -> str:
    return f"door {door.pk}"


def _told(upload: Upload) -> dict[str, Any]:
    return {
        "id": str(upload.pk),
        "name": upload.name,
        "uri": f"uploads/{upload.pk}",
        "type": upload.content_type,
        "size": upload.size,
    }


def opened(door: Door, given: Given) -> list[File[Any]]:
    """The files that a message names, open. The list may come as JSON within the JSON."""
    listed = given.items("files")
    if len(listed) > FILES_AT_ONCE:
        raise wrong("files", "max_length", "One file goes with a message.")
    found = []
    for each in listed:
        mine = Upload.objects.filter(caller=_caller(door), pk=each.whole("id"))
        upload = mine.first()
        if upload is None:
            raise Refusal(NOT_FOUND, "There is no such file; it may have been purged.")
        found.append(files.handed_in(upload))
    return found
