"""Campaigns: one text to many."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from channels_app.models import Number

from ... import campaigns
from ...models import Campaign, Recipient
from .base import Resource
from .messages import IDEMPOTENCY
from .once import once
from .paging import Pages
from .problems import Problem
from .shapes import NumberRef

LONGEST_LIST = 5_000_000  # characters; longer ones are uploaded in the admin


class CampaignShape(serializers.ModelSerializer):
    number = NumberRef()
    counts = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = (
            *("id", "name", "state", "number", "text", "starts_at", "counts", "checked"),
            *("list_fault", "segments", "answered", "created_at", "started_at", "ended_at"),
        )

    def get_counts(self, campaign: Campaign) -> dict[str, int]:
        """How many recipients there are in each state."""
        return campaign.counts()


class CampaignMaking(serializers.Serializer):
    name = serializers.CharField(max_length=127)
    text = serializers.CharField(
        max_length=20_000, help_text="{{column}} stands for what the row has in that column."
    )
    recipients = serializers.CharField(
        max_length=LONGEST_LIST,
        trim_whitespace=False,
        help_text="Numbers, one on each line; or CSV with a head and a column of numbers.",
    )
    starts_at = serializers.DateTimeField(required=False, help_text="Left out: when started.")

    def get_fields(self) -> dict[str, Any]:
        sender = serializers.CharField(max_length=64, help_text="One of our numbers.")
        return {"from": sender, **super().get_fields()}


class RecipientShape(serializers.ModelSerializer):
    class Meta:
        model = Recipient
        fields = ("line", "given", "address", "state", "reason", "detail", "message_id")


class Lines(Pages):
    """As the list has them."""

    ordering = "line"


class Campaigns(Resource):
    scopes = {
        "list": "campaigns:read",
        "recipients": "campaigns:read",
        **dict.fromkeys(
            ("create", "start", "pause", "resume", "stop", "retry_failed"), "campaigns:write"
        ),
    }
    queryset = Campaign.objects.none()  # only for the document: what there is stands below
    serializer_class = CampaignShape

    def get_queryset(self) -> Any:
        self._check("routing.view_campaign")
        found = Campaign.objects.kept().filter(number__in=self.caller.numbers())
        return found.select_related("number").prefetch_related("state_counts")

    @extend_schema(summary="List campaigns")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a campaign")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(
        summary="Make a campaign",
        request=CampaignMaking,
        responses={201: CampaignShape},
        parameters=[IDEMPOTENCY],
    )
    def create(self, request: Any) -> Response:
        """A draft, whose recipients are read and checked by workers; then start it."""
        self._check("routing.add_campaign")
        wanted = self.read(CampaignMaking)

        @transaction.atomic
        def work() -> Any:
            made = campaigns.make(
                str(self.caller.door or self.caller.agent),
                name=wanted["name"],
                text=wanted["text"],
                number=self._number(wanted["from"]),
                starts_at=wanted.get("starts_at"),
            )
            campaigns.set_list(made, wanted["recipients"])
            return CampaignShape(made).data

        return once(request, work)

    @extend_schema(
        summary="List a campaign's recipients",
        filters=False,
        responses={200: RecipientShape(many=True)},
    )
    @action(detail=True, serializer_class=RecipientShape, pagination_class=Lines)
    def recipients(self, request: Any, pk: str) -> Response:
        campaign = get_object_or_404(self.get_queryset(), pk=pk)
        return self.page(Recipient.objects.filter(campaign=campaign))

    @extend_schema(summary="Start a campaign", request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Any, pk: str) -> Response:
        """At once or at its time, when its recipients are checked."""
        return self._do(campaigns.start, pk)

    @extend_schema(summary="Pause a campaign", request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Any, pk: str) -> Response:
        return self._do(campaigns.pause, pk)

    @extend_schema(summary="Resume a campaign", request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Any, pk: str) -> Response:
        return self._do(campaigns.resume, pk)

    @extend_schema(summary="Stop a campaign for good", request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Any, pk: str) -> Response:
        return self._do(campaigns.stop, pk)

    @extend_schema(summary="Try the failed ones again", request=None)
    @action(detail=True, methods=["post"], url_path="retry-failed")
    def retry_failed(self, request: Any, pk: str) -> Response:
        return self._do(campaigns.retry_failed, pk)

    def _do(self, step: Any, pk: str) -> Response:
        self._check("routing.change_campaign")
        campaign = get_object_or_404(self.get_queryset(), pk=pk)
        self.unchanged(campaign)
        step(campaign)
        return self.show(self.get_queryset().get(pk=pk))

    def _check(self, permission: str) -> None:
        if not self.caller.may(permission):
            raise Problem("not_allowed", "This agent may not do that with campaigns.")

    def _number(self, value: str) -> Number:
        found = list(self.caller.numbers().filter(value=value).select_related("channel")[:2])
        if len(found) != 1:
            raise Problem("not_your_number", f"The key may not send from {value}.")
        return found[0]
