"""Sessions, and what is done to them."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from ... import desk
from ...desk import platforms
from ...models import Extension, Platform, Queue, Session
from .base import Resource
from .problems import Problem
from .shapes import MOST_KEY, SESSION, Key, MessageShape, SessionShape, whole

STATES = ("open", "waiting", "held", "closed")


class SessionFilter(django_filters.FilterSet):
    """``state``: open is waiting or held."""

    state = django_filters.ChoiceFilter(
        choices=[(each, each) for each in STATES], method="of_state", label="open, waiting, ..."
    )
    channel = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)
    number = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)
    queue = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)
    holder = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)
    customer = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)

    class Meta:
        model = Session
        fields = ("channel", "number", "queue", "holder", "customer")

    def of_state(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        if value == "closed":
            return rows.exclude(closed_at=None)
        rows = rows.filter(closed_at=None)
        nobody = {"holder": None, "platform": None}
        if value == "waiting":
            return rows.filter(**nobody)
        return rows.exclude(**nobody) if value == "held" else rows


class To(serializers.Serializer):
    """Who gets it: one of the three, by its id."""

    extension = Key(required=False)
    queue = Key(required=False)
    platform = Key(required=False)

    KINDS = {"extension": Extension, "queue": Queue, "platform": Platform}

    def validate(self, given: dict[str, int]) -> dict[str, Any]:
        if len(given) != 1:
            raise serializers.ValidationError("Name one: extension, queue or platform.")
        ((kind, key),) = given.items()
        found = self.KINDS[kind].objects.filter(pk=key).first()
        if found is None:
            raise serializers.ValidationError({kind: f"There is no {kind} {key}."})
        return {"to": found}


class NoteText(serializers.Serializer):
    text = serializers.CharField(max_length=10_000)


class Sessions(Resource):
    scopes = {
        "list": "sessions:read",
        "pick_up": "sessions:write",
        "transfer": "sessions:write",
        "close": "sessions:write",
        "notes": "sessions:write",
        "messages": "messages:read",
    }
    queryset = Session.objects.none()  # only for the document: what there is stands below
    serializer_class = SessionShape
    filter_backends = (DjangoFilterBackend,)
    filterset_class = SessionFilter

    def get_queryset(self) -> Any:
        return self.caller.sessions().select_related(*SESSION)

    @extend_schema(summary="List sessions")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a session")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(
        summary="List a session's messages",
        filters=False,
        responses={200: MessageShape(many=True)},
    )
    @action(detail=True, filterset_class=None, serializer_class=MessageShape)
    def messages(self, request: Any, pk: str) -> Response:
        session = get_object_or_404(self.caller.sessions(), pk=pk)
        return self.page(whole(session.messages.all()))

    @extend_schema(summary="Pick up a session", request=None)
    @action(detail=True, methods=["post"], url_path="pick-up")
    def pick_up(self, request: Any, pk: str) -> Response:
        """Makes the agent its holder; only a personal token can."""
        desk.pick_up(self.caller.agent, self._own(pk))
        return self._now(pk)

    @extend_schema(summary="Transfer a session", request=To)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Any, pk: str) -> Response:
        """Gives it to another agent, a queue or a platform, with its history."""
        session, to = self._own(pk), self.read(To)["to"]
        if self.caller.door:
            platforms.transfer(self.caller.door, session, to)
        else:
            desk.transfer(self.caller.agent, session, to)
        return self._now(pk)

    @extend_schema(summary="Close a session", request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Any, pk: str) -> Response:
        session = self._own(pk)
        if self.caller.door:
            done = platforms.close(self.caller.door, session)
        else:
            done = desk.close(self.caller.agent, session)
        if not done:
            raise Problem("session_closed", "The session is closed already.")
        return self._now(pk)

    @extend_schema(summary="Add a private note", request=NoteText, responses={201: MessageShape})
    @action(detail=True, methods=["post"])
    def notes(self, request: Any, pk: str) -> Response:
        """Only colleagues see it; only a personal token can write one."""
        agent, text = self.caller.agent, self.read(NoteText)["text"]
        session = get_object_or_404(self.get_queryset(), pk=pk)
        made = desk.note(agent, session, text)
        return Response(MessageShape(made).data, 201)

    def _own(self, pk: str) -> Session:
        """The session, if the caller may change it and has seen how it is."""
        found: Session = get_object_or_404(
            self.caller.own_sessions().select_related(*SESSION), pk=pk
        )
        self.unchanged(found)
        return found

    def _now(self, pk: str) -> Response:
        """The session as it is now; the caller may not see it any more after a transfer."""
        return self.show(Session.objects.select_related(*SESSION).get(pk=pk))
