"""Message queues and their members."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from routing import desk
from routing.models import Queue, Session

from .base import ParleyAdmin
from .releasing import going_back, release, still_needed


@admin.register(Queue)
class QueueAdmin(ParleyAdmin):
    list_display = ("name", "mode", "listed_members", "waiting")
    search_fields = ("name",)
    autocomplete_fields = ("members",)
    radio_fields = {"pickup": admin.VERTICAL}
    fields = ("name", "pickup", "members")
    teaching = (
        "groups",
        "Add your first queue",
        "A message queue is a group of agents who share what arrives. Give a number the queue as "
        "its destination, and whoever is free answers.",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Queue]:
        found: QuerySet[Queue] = super().get_queryset(request)
        waiting = Session.objects.open().filter(queue=OuterRef("pk"), holder=None).order_by()
        counted = waiting.values("queue").annotate(count=Count("pk")).values("count")
        return found.prefetch_related("members").annotate(
            waiting_count=Coalesce(Subquery(counted), 0)
        )

    @display(description="Pick-up", ordering="pickup")
    def mode(self, queue: Queue) -> str:
        return queue.get_pickup_display().partition(":")[0]

    @display(description="Members")
    def listed_members(self, queue: Queue) -> str:
        members = [str(member) for member in queue.members.all()]
        more = f" and {len(members) - 5} more" if len(members) > 5 else ""
        return (", ".join(members[:5]) + more) or "nobody yet"

    @display(description="Waiting sessions", ordering="waiting_count")
    def waiting(self, queue: Any) -> int:
        return int(queue.waiting_count)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        members = form.instance.members
        before = set(members.values_list("pk", flat=True))
        super().save_related(request, form, formsets, change)
        desk.tell_members(before ^ set(members.values_list("pk", flat=True)))

    def why_not_delete(self, thing: Queue) -> str:
        return still_needed("queue", queue=thing)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        queues = list(objs)
        problem = still_needed("queue", queue__in=queues)
        told = list(map(str, queues)) + going_back(self._waiting(queues))
        return told, {"queues": len(queues)}, set(), [problem] if problem else []

    def delete_model(self, request: HttpRequest, obj: Queue) -> None:
        self.delete_queryset(request, Queue.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Queue]) -> None:
        queues = list(queryset)
        with transaction.atomic():
            release(self._waiting(queues))
            Queue.objects.filter(pk__in=[each.pk for each in queues]).delete()

    def _waiting(self, queues: list[Queue]) -> QuerySet[Session]:
        return Session.objects.open().filter(queue__in=queues, holder=None)
