"""Extensions, message queues and customers."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator

from ... import desk
from ...models import Customer, Extension, Queue
from .base import Resource
from .problems import Problem
from .shapes import CustomerShape, ExtensionShape, Key, QueueShape


class Extensions(Resource):
    scopes = {"list": "extensions:read"}
    serializer_class = ExtensionShape

    def get_queryset(self) -> Any:
        return Extension.objects.all()

    @extend_schema(summary="List extensions")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get an extension")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))


class QueueChange(serializers.ModelSerializer):
    name = serializers.CharField(max_length=127, validators=[UniqueValidator(Queue.objects.all())])
    members = serializers.ListField(
        child=Key(), required=False, max_length=1000, help_text="The ids of extensions."
    )

    class Meta:
        model = Queue
        fields = ("name", "pickup", "members")

    def validate_members(self, keys: list[int]) -> list[Extension]:
        found = list(Extension.objects.filter(pk__in=keys))
        if len(found) != len(set(keys)):
            raise serializers.ValidationError("There is no such extension.")
        return found


class Queues(Resource):
    scopes = {
        "list": "queues:read",
        "create": "queues:write",
        "partial_update": "queues:write",
    }
    serializer_class = QueueShape

    def get_queryset(self) -> Any:
        return Queue.objects.prefetch_related("members")

    @extend_schema(summary="List message queues")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a message queue")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(summary="Make a message queue", request=QueueChange, responses={201: QueueShape})
    def create(self, request: Any) -> Response:
        self._check("routing.add_queue")
        return self.show(self._saved(Queue(), self.read(QueueChange)), 201)

    @extend_schema(summary="Change a message queue", request=QueueChange)
    def partial_update(self, request: Any, pk: str) -> Response:
        self._check("routing.change_queue")
        queue = get_object_or_404(self.get_queryset(), pk=pk)
        self.unchanged(queue)
        found = QueueChange(queue, data=request.data, partial=True)
        found.is_valid(raise_exception=True)
        return self.show(self._saved(queue, found.validated_data))

    def _check(self, permission: str) -> None:
        if not self.caller.may(permission):
            raise Problem("not_allowed", "This agent may not change message queues.")

    @transaction.atomic
    def _saved(self, queue: Queue, wanted: dict[str, Any]) -> Queue:
        members = wanted.pop("members", None)
        for name, value in wanted.items():
            setattr(queue, name, value)
        queue.save()
        if members is not None:
            before = set(queue.members.values_list("pk", flat=True))
            queue.members.set(members)
            desk.tell_members(before ^ {each.pk for each in members})
        found: Queue = self.get_queryset().get(pk=queue.pk)
        return found


class CustomerFilter(django_filters.FilterSet):
    address = django_filters.CharFilter(max_length=255)
    network = django_filters.CharFilter(max_length=32)

    class Meta:
        model = Customer
        fields = ("address", "network")


class Customers(Resource):
    scopes = {"list": "customers:read", "partial_update": "customers:write"}
    queryset = Customer.objects.none()  # only for the document: what there is stands below
    serializer_class = CustomerShape
    filter_backends = (DjangoFilterBackend,)
    filterset_class = CustomerFilter

    def get_queryset(self) -> Any:
        return self.caller.customers()

    @extend_schema(summary="List customers")
    def list(self, request: Any) -> Response:
        return self.page(self.get_queryset())

    @extend_schema(summary="Get a customer")
    def retrieve(self, request: Any, pk: str) -> Response:
        return self.show(get_object_or_404(self.get_queryset(), pk=pk))

    @extend_schema(summary="Name a customer")
    def partial_update(self, request: Any, pk: str) -> Response:
        customer = get_object_or_404(self.get_queryset(), pk=pk)
        self.unchanged(customer)
        found = self.get_serializer(customer, data=request.data, partial=True)
        found.is_valid(raise_exception=True)
        if "name" in found.validated_data:
            customer.name = found.validated_data["name"]
            customer.save(update_fields=["name"])
        return self.show(customer)
