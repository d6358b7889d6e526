"""Messages: sent, read, taken back, tried again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import django_filters
from django.core.files import File
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from channels_app.models import Number, Template

from ... import desk
from ...desk import outside, steering
from ...models import Door, Message, Session
from .. import allowance
from .base import Resource
from .callers import Caller
from .once import HEADER, once
from .problems import Problem
from .shapes import MOST_KEY, SESSION, Key, MessageShape, whole
from .uploads import uploads_of

MOST_FILES = 10
IDEMPOTENCY = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="A word of yours, like a UUID. The same again gives the first answer again and "
    "sends nothing; kept for two days.",
)


class MessageFilter(django_filters.FilterSet):
    session = django_filters.NumberFilter(min_value=1, max_value=MOST_KEY, decimal_places=0)
    direction = django_filters.ChoiceFilter(choices=list(Message.DIRECTIONS.items()))
    status = django_filters.ChoiceFilter(choices=list(Message.STATUSES.items()))

    class Meta:
        model = Message
        fields = ("session", "direction", "status")


class TemplateChoice(serializers.Serializer):
    id = Key()
    values = serializers.ListField(child=serializers.CharField(max_length=1000), max_length=50)


class Sending(serializers.Serializer):
    """Into a session, or ``to`` an address ``from`` one of our numbers."""

    session = Key(required=False)
    to = serializers.CharField(
        required=False, max_length=255, help_text="With country code, like +41791112233."
    )
    text = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=20_000, trim_whitespace=False
    )
    files = serializers.ListField(
        child=Key(), required=False, default=list, max_length=MOST_FILES,
        help_text="What `POST /files` answered.",
    )  # fmt: skip
    template = TemplateChoice(required=False, help_text="Instead of a text.")
    bulk = serializers.BooleanField(
        required=False, default=False, help_text="Let the answers of people go first."
    )

    def get_fields(self) -> dict[str, Any]:
        sender = serializers.CharField(
            required=False, max_length=64, help_text="One of our numbers. Of one's only, left out."
        )
        fields = super().get_fields()
        return {name: fields[name] for name in ("session", "to")} | {"from": sender} | fields

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("session" in given) == ("to" in given):
            raise serializers.ValidationError("Name a session, or whom it goes to.")
        return given


class Messages(Resource):
    scopes = {
        "list": "messages:read",
        "create": "messages:send",
        "cancel": "messages:send",
        "retry": "messages:send",
    }
    queryset = Message.objects.none()  # only for the document: what there is stands below
    serializer_class = MessageShape
    filter_backends = (DjangoFilterBackend,)
    filterset_class = MessageFilter

    def get_queryset(self) -> Any:
        return whole(self.caller.messages())

    @extend_schema(summary="List messages")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a message")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(
        summary="Send a message",
        request=Sending,
        responses={201: MessageShape},
        parameters=[IDEMPOTENCY],
        examples=[
            OpenApiExample(
                "To somebody",
                {"to": "+41791112233", "from": "+41791234510", "text": "Your parcel is here."},
                request_only=True,
            ),
            OpenApiExample("An answer", {"session": 4711, "text": "Yes."}, request_only=True),
        ],
    )
    def create(self, request: Any) -> Response:
        """It waits in the channel's outbox and leaves at the channel's rate."""
        wanted = self.read(Sending)

        def work() -> Any:
            message = send(self.caller, wanted)
            return MessageShape(whole(Message.objects.filter(pk=message.pk)).get()).data

        return once(request, work)

    @extend_schema(summary="Take a message back", request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Any, pk: str) -> Response:
        """As long as it has not left; it stays in the thread, failed, with the reason."""
        message = self._own(pk)
        if not steering.cancel(message):
            raise Problem("too_late", "This message has left already.")
        return self._now(pk)

    @extend_schema(summary="Try a failed message again", request=None)
    @action(detail=True, methods=["post"])
    def retry(self, request: Any, pk: str) -> Response:
        message = self._own(pk)
        if self.caller.extension:
            done = desk.retry(self.caller.extension, message)
        else:
            done = steering.retry(message)
        if not done:
            raise Problem("refused", "Only a message that failed can be tried again.")
        return self._now(pk)

    def _own(self, pk: str) -> Message:
        mine = Message.objects.filter(
            session__in=self.caller.own_sessions(), direction=Message.OUT
        ).select_related(*(f"session__{name}" for name in SESSION))
        found: Message = get_object_or_404(mine, pk=pk)
        self.unchanged(found)
        return found

    def _now(self, pk: str) -> Response:
        return self.show(self.get_queryset().get(pk=pk))


def send(caller: Caller, wanted: dict[str, Any]) -> Message:
    """Send what was asked for, as the agent or as the service."""
    session = None
    if "session" in wanted:
        mine = caller.own_sessions().select_related(*SESSION)
        session = mine.filter(pk=wanted["session"]).first()
        if session is None:
            raise _invalid("session", "There is no such session.")
    with uploads_of(caller, wanted["files"]) as upload:
        if caller.door:
            return _by_service(caller, caller.door, session, wanted, upload)
        return _by_agent(caller, session, wanted, upload)


def _by_service(
    caller: Caller,
    door: Door,
    session: Session | None,
    wanted: dict[str, Any],
    upload: Sequence[File],
) -> Message:
    if "template" in wanted:
        raise _invalid("template", "Only agents send templates.")
    if session and session.closed_at:
        raise desk.SessionClosed
    number = session.number if session else _number(caller, wanted)
    recipient = session.customer.address if session else wanted["to"]
    lane = Message.BULK if wanted["bulk"] else Message.PERSON
    try:
        with allowance.one_message(door):
            return outside.send(door, number, recipient, wanted["text"], upload=upload, lane=lane)
    except allowance.TooMany as refused:
        raise Problem("too_many_messages", str(refused), after=refused.after) from None


def _by_agent(
    caller: Caller, session: Session | None, wanted: dict[str, Any], upload: Sequence[File]
) -> Message:
    key = uuid.uuid4().hex
    more: dict[str, Any] = {"upload": upload, "client_key": key}
    channel = session.channel_id if session else None
    number = None if session else _number(caller, wanted)
    if "template" in wanted:
        found = Template.objects.filter(pk=wanted["template"]["id"])
        template = found.filter(channel=channel or (number and number.channel_id)).first()
        if template is None:
            raise _invalid("template.id", "The channel has no such template.")
        more |= {"template": template, "values": wanted["template"]["values"]}
    if session:
        lane = Message.BULK if wanted["bulk"] else Message.PERSON
        return desk.write(caller.agent, session, wanted["text"], lane=lane, **more)
    assert number is not None
    started = desk.start(caller.agent, number, wanted["to"], wanted["text"], **more)
    return Message.objects.get(session=started, client_key=key)


def _number(caller: Caller, wanted: dict[str, Any]) -> Number:
    """The number that it leaves from, if the caller may send from it."""
    if caller.extension:
        mine = desk.numbers_to_start_from(caller.extension)
    elif caller.own_numbers:
        mine = Number.objects.filter(pk__in=caller.own_numbers).select_related("channel")
    else:
        mine = Number.objects.select_related("channel")
    if "from" in wanted:
        found = list(mine.filter(value=wanted["from"])[:2])
        if not found:
            raise Problem("not_your_number", f"The key may not send from {wanted['from']}.")
    elif caller.door and caller.door.sender:
        found = [caller.door.sender]
    else:
        found = list(mine[:2])
    if len(found) != 1:
        raise _invalid("from", "Name the number that it leaves from.")
    return found[0]


def _invalid(field: str, said: str) -> Problem:
    return Problem("invalid", errors=[{"field": field, "code": "invalid", "detail": said}])
