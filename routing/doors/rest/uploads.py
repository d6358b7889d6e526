"""Files: uploaded to be sent, and downloaded out of messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from ... import files
from ...models import Attachment, Upload
from .base import Resource
from .callers import Caller
from .problems import Problem


class UploadShape(serializers.ModelSerializer):
    class Meta:
        model = Upload
        fields = ("id", "name", "content_type", "size", "created_at")


class Uploading(serializers.Serializer):
    file = serializers.FileField(max_length=255)


class Anything(BaseRenderer):
    """For the bytes of files, whatever the caller accepts."""

    media_type = "*/*"
    format = "file"

    def render(self, found: Any, *args: Any, **kwargs: Any) -> Any:
        return JSONRenderer().render(found)


class Files(Resource):
    scopes = {"list": "messages:read", "retrieve": "messages:read", "create": "messages:send"}
    serializer_class = UploadShape
    parser_classes = (MultiPartParser,)

    @extend_schema(summary="Upload a file", request=Uploading, responses={201: UploadShape})
    def create(self, request: Any) -> Response:
        """It is kept for a day, to be named in `files` of messages that are sent."""
        try:
            made = files.keep_upload(self.caller.name, self.read(Uploading)["file"])
        except ValidationError as error:
            raise Problem("too_large", " ".join(error.messages)) from None
        return Response(UploadShape(made).data, 201)

    @extend_schema(
        summary="Download a message's file",
        responses={
            200: OpenApiResponse(OpenApiTypes.BINARY, "The bytes."),
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
        },
    )
    def retrieve(self, request: Any, pk: str) -> Any:
        mine = Attachment.objects.filter(message__session__in=self.caller.sessions())
        found = get_object_or_404(mine, pk=pk)
        if found.state != Attachment.KEPT:
            raise Problem("not_found", found.reason or "The file is not here.")
        return files.serve(found)


@contextmanager
def uploads_of(caller: Caller, keys: Sequence[int]) -> Iterator[list[File]]:
    """The caller's uploads, open, in this order. Raises Problem if one is not there."""
    mine = Upload.objects.filter(caller=caller.name).in_bulk(keys)
    with ExitStack() as stack:
        opened = []
        for n, key in enumerate(keys):
            if key not in mine:
                said = {"field": f"files.{n}", "code": "invalid", "detail": "No such upload."}
                raise Problem("invalid", errors=[said])
            upload = mine[key]
            file = stack.enter_context(upload.file.open("rb"))
            found = File(file.file, upload.name)
            found.content_type = upload.content_type
            found.size = upload.size
            opened.append(found)
        yield opened
