"""Webhooks: subscriptions, what was delivered, and replays."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from ... import outbox
from ...forwarding import feeding, replaying
from ...models import Change, Delivery, Webhook
from .base import Resource
from .problems import Problem


class WebhookShape(serializers.ModelSerializer):
    url = serializers.CharField()
    events = serializers.ListField(source="kinds", child=serializers.CharField())
    health = serializers.SerializerMethodField()

    class Meta:
        model = Webhook
        fields = ("id", "name", "url", "events", "active", "health", "created_at")

    def get_health(self, webhook: Webhook) -> dict[str, Any]:
        """How many attempts failed in a row, and until when it is left alone because of that."""
        circuit = getattr(webhook.receiver, "circuit", None)
        until = circuit.broken_until if circuit else None
        return {
            "failures": circuit.failures if circuit else 0,
            "broken_until": until.isoformat() if until and until > timezone.now() else None,
        }


class WebhookMade(WebhookShape):
    secret = serializers.CharField(help_text="Shown here and never again.")

    class Meta(WebhookShape.Meta):
        fields = (*WebhookShape.Meta.fields, "secret")


class WebhookChange(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    url = serializers.URLField(max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=list(Change.KINDS)),
        required=False,
        help_text="Left out or empty: all.",
    )
    active = serializers.BooleanField(required=False, default=True)


class SecretShape(serializers.Serializer):
    secret = serializers.CharField()


class DeliveryShape(serializers.ModelSerializer):
    event = serializers.SerializerMethodField()
    type = serializers.CharField(source="kind")

    class Meta:
        model = Delivery
        fields = ("id", "event", "type", "attempt", "status", "taken", "said", "took_ms", "at")

    def get_event(self, delivery: Delivery) -> str:
        return f"evt_{delivery.position}" if delivery.position else f"test_{delivery.event_id}"


class Span(serializers.Serializer):
    """From when until when; until now if that is left out."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(required=False)


class Count(serializers.Serializer):
    events = serializers.IntegerField(help_text="How many are on their way again.")


class Webhooks(Resource):
    scopes = {
        "list": "webhooks:read",
        "deliveries": "webhooks:read",
        **dict.fromkeys(
            ("create", "partial_update", "destroy", "secret", "test", "replay", "redeliver"),
            "webhooks:write",
        ),
    }
    serializer_class = WebhookShape

    def get_queryset(self) -> Any:
        """A service's own; an administrator's key sees all."""
        found = Webhook.objects.select_related("receiver__circuit")
        if self.caller.door:
            return found.filter(door=self.caller.door)
        if not self.caller.may("routing.view_webhook"):
            raise Problem("not_allowed", "This agent may not see webhooks.")
        return found

    def _one(self, pk: str) -> Webhook:
        if not self.caller.may("routing.change_webhook"):
            raise Problem("not_allowed", "This agent may not change webhooks.")
        found: Webhook = get_object_or_404(self.get_queryset(), pk=pk)
        return found

    @extend_schema(summary="List webhooks")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a webhook")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(
        summary="Make a webhook",
        request=WebhookChange,
        responses={201: WebhookMade},
        examples=[
            OpenApiExample(
                "Answers",
                {
                    "name": "CRM",
                    "url": "https://crm.example.com/parley",
                    "events": ["message.received"],
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Any) -> Response:
        if not self.caller.may("routing.add_webhook"):
            raise Problem("not_allowed", "This agent may not make webhooks.")
        wanted = self.read(WebhookChange)
        with _addressed(), transaction.atomic():
            made = Webhook.make(
                wanted["name"],
                wanted["url"],
                sorted(set(wanted.get("events", ()))),
                self.caller.door,
                wanted["active"],
            )
        outbox.listen_for_changes()
        return Response(WebhookMade(made).data, 201)

    @extend_schema(summary="Change a webhook", request=WebhookChange)
    def partial_update(self, request: Any, pk: str) -> Response:
        webhook = self._one(pk)
        self.unchanged(webhook)
        found = WebhookChange(data=request.data, partial=True)
        found.is_valid(raise_exception=True)
        wanted = found.validated_data
        with _addressed(), transaction.atomic():
            if "url" in wanted:
                webhook.point(wanted["url"])
            webhook.name = wanted.get("name", webhook.name)
            if "events" in wanted:
                webhook.kinds = sorted(set(wanted["events"]))
            if "active" in request.data:
                webhook.active = wanted["active"]
            webhook.save()
        return self.show(webhook)

    @extend_schema(summary="Delete a webhook")
    def destroy(self, request: Any, pk: str) -> Response:
        self._one(pk).receiver.delete()
        return Response(status=204)

    @extend_schema(summary="Renew the secret", request=None, responses={200: SecretShape})
    @action(detail=True, methods=["post"])
    def secret(self, request: Any, pk: str) -> Response:
        """The one before signs beside it until the next renewal, so that no event is refused."""
        return Response({"secret": self._one(pk).renew_secret()})

    @extend_schema(summary="Send a test event", request=None, responses={202: Count})
    @action(detail=True, methods=["post"])
    def test(self, request: Any, pk: str) -> Response:
        replaying.test(self._one(pk))
        outbox.ring_for(outbox.bell.FORWARD)
        return Response({"events": 1}, 202)

    @extend_schema(
        summary="List what was delivered",
        filters=False,
        responses={200: DeliveryShape(many=True)},
    )
    @action(detail=True, serializer_class=DeliveryShape)
    def deliveries(self, request: Any, pk: str) -> Response:
        webhook = get_object_or_404(self.get_queryset(), pk=pk)
        return self.page(webhook.deliveries.all())

    @extend_schema(summary="Replay a time", request=Span, responses={202: Count})
    @action(detail=True, methods=["post"])
    def replay(self, request: Any, pk: str) -> Response:
        """All events of this time once more, at most 10,000; their ids are the same as before."""
        webhook, span = self._one(pk), self.read(Span)
        until = span.get("until") or timezone.now()
        with transaction.atomic():
            count = feeding.again(webhook, span["since"], until)
        outbox.ring_for(outbox.bell.FORWARD)
        return Response({"events": count}, 202)

    @extend_schema(summary="Deliver one again", request=None, responses={202: Count})
    @action(detail=True, methods=["post"], url_path="deliveries/(?P<delivery>[0-9]{1,18})/again")
    def redeliver(self, request: Any, pk: str, delivery: str) -> Response:
        found = get_object_or_404(self._one(pk).deliveries, pk=delivery)
        count = replaying.again(found.event_id)
        if not count:
            raise Problem("refused", "It is still on its way.")
        outbox.ring_for(outbox.bell.FORWARD)
        return Response({"events": count}, 202)


class _addressed:
    """Says what is wrong with an address at its field."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, ValidationError):
            raise serializers.ValidationError({"url": error.messages}) from None
