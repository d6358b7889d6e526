"""Extensions: the agents, with their logins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from unfold.decorators import display

from routing.models import Extension, Session

from .base import ParleyAdmin
from .extension_form import ExtensionForm
from .releasing import going_back, release_agent, still_needed


@admin.register(Extension)
class ExtensionAdmin(ParleyAdmin):
    form = ExtensionForm
    list_display = ("number", "name", "login", "in_queues", "holds")
    list_display_links = ("number", "name")
    list_select_related = ("user",)
    search_fields = ("number", "name", "user__username")
    teaching = (
        "person_add",
        "Add your first agent",
        "An extension is an agent: a short number, a name, and a login for the inbox.",
    )
    fieldsets = (
        ("Extension", {"fields": ("number", "name")}),
        ("Login", {"fields": ("username", "password")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Extension | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("number", "name", "login")}),)
        return super().get_fieldsets(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Extension]:
        found: QuerySet[Extension] = super().get_queryset(request)
        held = Session.objects.open().filter(holder=OuterRef("pk")).order_by()
        counted = held.values("holder").annotate(count=Count("pk")).values("count")
        return found.prefetch_related("queues").annotate(
            open_sessions=Coalesce(Subquery(counted), 0)
        )

    @display(description="Login", ordering="user__username")
    def login(self, extension: Extension) -> str:
        user = extension.user
        return user.get_username() + ("" if user.is_active else " (inactive)")

    @display(description="Queues")
    def in_queues(self, extension: Extension) -> str:
        return ", ".join(queue.name for queue in extension.queues.all())

    @display(description="Open sessions", ordering="open_sessions")
    def holds(self, extension: Any) -> int:
        return int(extension.open_sessions)

    # deleting

    def why_not_delete(self, thing: Extension) -> str:
        return still_needed("extension", extension=thing)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        extensions = list(objs)
        problem = still_needed("extension", extension__in=extensions)
        told = [f"{each}, with the login {each.user.get_username()}" for each in extensions]
        told += going_back(Session.objects.open().filter(holder__in=extensions))
        return told, {"extensions": len(extensions)}, set(), [problem] if problem else []

    def delete_model(self, request: HttpRequest, obj: Extension) -> None:
        with transaction.atomic():
            release_agent(obj)
            if obj.user.is_staff:
                obj.delete()
            else:
                obj.user.delete()  # a login without an extension opens nothing

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Extension]) -> None:
        for extension in queryset.select_related("user"):
            self.delete_model(request, extension)
