"""What the channels did, by the hour or the day: sums that are kept, never counted."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from ...models import HourCount
from .base import Resource
from .problems import Problem
from .shapes import MOST_KEY, Named

LONGEST = {"hour": timedelta(days=31), "day": timedelta(days=1100)}
COLUMNS = ("received", "sent", "delivered", "failed")


class Asked(serializers.Serializer):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    interval = serializers.ChoiceField(choices=["hour", "day"], default="day")
    channel = serializers.IntegerField(required=False, min_value=1, max_value=MOST_KEY)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        until = given.setdefault("until", timezone.now())
        try:
            since = given.setdefault("since", until - timedelta(days=7))
            longest = LONGEST[given["interval"]]
            if not since < until <= since + longest:
                raise serializers.ValidationError(
                    f"since must lie before until, by at most {longest.days} days."
                )
        except OverflowError:
            raise serializers.ValidationError("There is no such time.") from None
        return given


class CountShape(serializers.Serializer):
    at = serializers.DateTimeField(help_text="When the hour or day begins, UTC.")
    channel = Named()
    received = serializers.IntegerField()
    sent = serializers.IntegerField(help_text="All: delivered, failed and others.")
    delivered = serializers.IntegerField()
    failed = serializers.IntegerField()


class CountsShape(serializers.Serializer):
    results = CountShape(many=True)


class Statistics(Resource):
    scopes = {"list": "statistics:read"}
    serializer_class = CountsShape
    pagination_class = None

    @extend_schema(
        summary="Read statistics",
        operation_id="statistics_list",
        responses={200: CountsShape},
        parameters=[
            OpenApiParameter("since", {"type": "string", "format": "date-time"}),
            OpenApiParameter("until", {"type": "string", "format": "date-time"}),
            OpenApiParameter("interval", str, enum=["hour", "day"], default="day"),
            OpenApiParameter("channel", {"type": "integer", "minimum": 1}),
        ],
    )
    def list(self, request: Any) -> Response:
        """Left out, the time is the last seven days. Hours without any message are left out."""
        if not self.caller.may("routing.view_message"):
            raise Problem("not_allowed", "This agent may not see the house's statistics.")
        asked = Asked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        rows = HourCount.objects.filter(
            channel__in=self.caller.channels(),
            hour__gte=wanted["since"],
            hour__lt=wanted["until"],
        )
        if "channel" in wanted:
            rows = rows.filter(channel=wanted["channel"])
        start = {"hour": TruncHour, "day": TruncDay}[wanted["interval"]]("hour", tzinfo=UTC)
        sums = {f"sum_{name}": Sum(name) for name in COLUMNS}
        found = rows.annotate(start=start).values("start", "channel", "channel__name")
        counts = found.annotate(**sums).order_by("start", "channel")
        results = [
            {
                "at": each["start"],
                "channel": {"id": each["channel"], "name": each["channel__name"]},
                **{name: each[f"sum_{name}"] for name in COLUMNS},
            }
            for each in counts
        ]
        return Response(CountsShape({"results": results}).data)
