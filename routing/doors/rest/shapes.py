"""How things look in the REST API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.serializers import ModelSerializer, Serializer

from channels_app.models import Channel, Number

from ...models import Attachment, Customer, Extension, Message, Queue, Session

MOST_KEY = 2**63 - 1


class Key(serializers.IntegerField):
    """The id of a thing, in a request."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": MOST_KEY, **kwargs})


class Named(Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class NumberRef(ModelSerializer):
    class Meta:
        model = Number
        fields = ("id", "value")


class ExtensionShape(ModelSerializer):
    class Meta:
        model = Extension
        fields = ("id", "number", "name")


class ChannelShape(ModelSerializer):
    status = serializers.ChoiceField(choices=list(Channel.STATUS_WORDS), read_only=True)
    status_reason = serializers.CharField(read_only=True)
    rate = serializers.FloatField(
        min_value=0.001, max_value=100_000, help_text="Messages a second."
    )

    class Meta:
        model = Channel
        fields = (
            *("id", "name", "provider", "status", "status_reason", "paused", "rate"),
            *("receives", "default_outgoing", "created_at"),
        )
        read_only_fields = (
            *("id", "name", "provider", "receives", "default_outgoing", "created_at"),
        )


class RuleShape(Serializer):
    """Who gets what arrives: one of the three."""

    extension = ExtensionShape(allow_null=True)
    queue = Named(allow_null=True)
    platform = Named(allow_null=True)


class NumberShape(ModelSerializer):
    channel = Named()
    rule = serializers.SerializerMethodField()

    class Meta:
        model = Number
        fields = ("id", "value", "channel", "rule")

    @extend_schema_field(RuleShape(allow_null=True))
    def get_rule(self, number: Number) -> dict[str, Any] | None:
        rule = getattr(number, "rule", None)
        found: dict[str, Any] | None = RuleShape(rule).data if rule else None
        return found


class QueueShape(ModelSerializer):
    name = serializers.CharField(max_length=127)
    members = ExtensionShape(many=True, read_only=True)

    class Meta:
        model = Queue
        fields = ("id", "name", "pickup", "members")


class CustomerShape(ModelSerializer):
    class Meta:
        model = Customer
        fields = ("id", "network", "address", "name", "created_at")
        read_only_fields = ("id", "network", "address", "created_at")


class CustomerRef(ModelSerializer):
    class Meta:
        model = Customer
        fields = ("id", "network", "address", "name")


class SessionShape(ModelSerializer):
    """One customer and one of our numbers. It waits while nobody holds it."""

    state = serializers.SerializerMethodField()
    channel = Named()
    number = NumberRef()
    customer = CustomerRef()
    queue = Named(allow_null=True)
    holder = ExtensionShape(allow_null=True)
    platform = Named(allow_null=True)

    class Meta:
        model = Session
        fields = (
            *("id", "state", "channel", "number", "customer", "queue", "holder", "platform"),
            *("opened_at", "last_at", "closed_at", "last_text", "last_inbound", "unread"),
        )

    @extend_schema_field(serializers.ChoiceField(choices=["waiting", "held", "closed"]))
    def get_state(self, session: Session) -> str:
        if session.closed_at:
            return "closed"
        return "held" if session.holder_id or session.platform_id else "waiting"


class FileShape(ModelSerializer):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ("id", "name", "content_type", "size", "state", "reason", "url")

    def get_url(self, file: Attachment) -> str:
        """Where its bytes are; the key must come along."""
        return f"/api/v1/files/{file.pk}"


class MessageShape(ModelSerializer):
    session = serializers.IntegerField(source="session_id")
    channel = serializers.IntegerField(source="channel_id")
    author = ExtensionShape(allow_null=True)
    files = FileShape(many=True, source="attachments")
    bulk = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            *("id", "session", "channel", "direction", "status", "reason", "author"),
            *("sender", "recipient", "text", "event", "files", "segments", "bulk"),
            *("created_at", "due_at", "sent_at", "delivered_at", "provider_at"),
        )

    def get_bulk(self, message: Message) -> bool:
        """Whether it waits behind the answers of people."""
        return message.lane == Message.BULK


SESSION = ("channel", "number", "customer", "queue", "holder", "platform")


def whole(rows: Any) -> Any:
    """Messages with all that their shape needs, in a constant number of queries."""
    return rows.select_related("author").prefetch_related("attachments")
