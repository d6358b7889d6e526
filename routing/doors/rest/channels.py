"""Channels and numbers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from .base import Resource
from .problems import Problem
from .shapes import ChannelShape, NumberShape


class Channels(Resource):
    scopes = {"list": "channels:read", "partial_update": "channels:write"}
    serializer_class = ChannelShape

    def get_queryset(self) -> Any:
        return self.caller.channels()

    @extend_schema(summary="List channels")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a channel")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(summary="Pause a channel, or set its rate")
    def partial_update(self, request: Any, pk: str) -> Response:
        if not self.caller.may("channels_app.change_channel"):
            raise Problem("not_allowed", "This agent may not change channels.")
        channel = get_object_or_404(self.get_queryset(), pk=pk)
        self.unchanged(channel)
        found = self.get_serializer(channel, data=request.data, partial=True)
        found.is_valid(raise_exception=True)
        wanted = found.validated_data
        if wanted:
            for name, value in wanted.items():
                setattr(channel, name, value)
            channel.save(update_fields=list(wanted))
        return self.show(channel)


class Numbers(Resource):
    scopes = {"list": "numbers:read"}
    serializer_class = NumberShape

    def get_queryset(self) -> Any:
        rule = ("rule__extension", "rule__queue", "rule__platform")
        return self.caller.numbers().select_related("channel", *rule)

    @extend_schema(summary="List numbers")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a number")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))
