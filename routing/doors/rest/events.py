"""The feed of changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from ... import forwarding
from ...forwarding import feeding, webhook
from ...models import Change, Feed, Message, Session
from .base import Resource
from .problems import Problem
from .shapes import Named

LOOKED_AT = 1_000  # changes in one request, of which the caller may see some
LONGEST_WAIT = 25
#: Those who wait hold a thread each: a few may, the others are answered at once.
_waiting = threading.BoundedSemaphore(2)


class Asked(serializers.Serializer):
    since = serializers.RegexField(r"^([0-9]{1,18}|now)$", required=False)
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)
    wait = serializers.IntegerField(min_value=0, max_value=LONGEST_WAIT, default=0)
    type = serializers.MultipleChoiceField(choices=list(Change.KINDS), required=False)


class Assigned(serializers.Serializer):
    holder = Named(allow_null=True)
    queue = Named(allow_null=True)
    platform = Named(allow_null=True)


class EventShape(serializers.Serializer):
    """What happened; `session` and `message` are as they are now, or null if they are gone."""

    id = serializers.CharField()
    type = serializers.ChoiceField(choices=list(Change.KINDS.items()))
    at = serializers.DateTimeField()
    session_id = serializers.IntegerField(allow_null=True)
    message_id = serializers.IntegerField(allow_null=True)
    session = serializers.DictField(allow_null=True)
    message = serializers.DictField(allow_null=True)
    assigned = Assigned(required=False)


class EventsShape(serializers.Serializer):
    results = EventShape(many=True)
    cursor = serializers.CharField(help_text="The `since` of the next request.")
    more = serializers.BooleanField(help_text="Whether there are more by now.")


class Events(Resource):
    scopes = {"list": "events:read"}
    serializer_class = EventsShape
    pagination_class = None

    @extend_schema(
        summary="Follow what changes",
        operation_id="events_list",
        responses={200: EventsShape},
        parameters=[
            OpenApiParameter(
                "since",
                str,
                description="The `cursor` of the last answer. Left out: from the oldest that is "
                "kept; `now`: none of the past.",
                pattern="^([0-9]{1,18}|now)$",
            ),
            OpenApiParameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
            ),
            OpenApiParameter(
                "wait",
                {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
                description="Seconds to wait for a change if there is none.",
            ),
            OpenApiParameter(
                "type", str, many=True, enum=list(Change.KINDS), description="Only these kinds."
            ),
        ],
    )
    def list(self, request: Any) -> Response:
        """Every change once and in order, kept for some days. The feed begins when it is first
        asked for. Of an agent's key, the changes in sessions that the agent sees."""
        asked = Asked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        Feed.begin()
        forwarding.number_all()
        since = _position(wanted.get("since"))
        try:
            found = self._next(since, wanted)
            if not found["results"] and wanted["wait"] and _waiting.acquire(blocking=False):
                try:
                    found = self._await(found, wanted)
                finally:
                    _waiting.release()
        except forwarding.TooOld:
            raise Problem("too_old", "Begin without since, and read what you need anew.") from None
        return Response(found)

    def _await(self, found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
        end = time.monotonic() + wanted["wait"]
        while not found["results"] and time.monotonic() < end:
            connection.close_if_unusable_or_obsolete()
            time.sleep(0.25)
            forwarding.number_all()
            found = self._next(int(found["cursor"]), wanted)
        return found

    def _next(self, since: int, wanted: dict[str, Any]) -> dict[str, Any]:
        """The events after this position, and how far they go."""
        looked_at = feeding.after(since, LOOKED_AT)
        shown, cursor = self._shown(looked_at, wanted), since
        full = len(shown) > wanted["limit"]
        shown = shown[: wanted["limit"]]
        if full:
            cursor = shown[-1][0].position or since
        elif looked_at:
            cursor = looked_at[-1].position or since
        names = webhook.Names(change for change, _ in shown)
        messages = Message.objects.in_bulk({c.message_id for c, _ in shown if c.message_id})
        return {
            "results": [
                webhook.told(change, session, messages.get(change.message_id or 0), names)
                for change, session in shown
            ],
            "cursor": str(cursor),
            "more": full or len(looked_at) == LOOKED_AT,
        }

    def _shown(
        self, changes: Sequence[Change], wanted: dict[str, Any]
    ) -> list[tuple[Change, Session | None]]:
        """Those that the caller may see, with their sessions."""
        kinds = wanted.get("type") or ()
        asked = [each for each in changes if not kinds or each.kind in kinds]
        seen = self.caller.sessions().filter(pk__in={c.session_id for c in asked})
        sessions = {s.pk: s for s in seen.select_related("channel", "number", "customer")}
        free = self.caller.door is not None and not self.caller.own_numbers
        found = ((each, sessions.get(each.session_id or 0)) for each in asked)
        return [(change, session) for change, session in found if session or free]


def _position(since: str | None) -> int:
    if since is None:
        return feeding.oldest()
    last = feeding.last_position()
    if since == "now":
        return last
    position = int(since)
    if position > last:
        raise Problem("bad_cursor", "This feed has not come so far.")
    return position
