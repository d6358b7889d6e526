"""Third-party message platforms and their secrets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from providers.http import check_url
from routing.models import Platform, PlatformEvent, Session
from routing.models.rules import new_platform_secret

from .base import ParleyAdmin
from .releasing import going_back, release, still_needed


class PlatformForm(forms.ModelForm):
    class Meta:
        model = Platform
        fields = ("name", "url")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return url


@admin.register(Platform)
class PlatformAdmin(ParleyAdmin):
    form = PlatformForm
    list_display = ("name", "url")
    search_fields = ("name", "url")
    fields = ("name", "url")
    actions = ("renew_secret",)
    change_form_template = "admin/parley/platform_form.html"
    teaching = (
        "hub",
        "Connect a message platform",
        "A third-party platform gets the messages of the numbers that lead to it, as signed "
        "requests to its address, instead of an agent.",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Platform]:
        found: QuerySet[Platform] = super().get_queryset(request)
        return found.filter(form=Platform.PLATFORM)  # the others are a door's

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/secret/", wrap(self.secret_view), name="routing_platform_secret"),
            path("<int:pk>/renew/", wrap(self.renew_view), name="routing_platform_renew"),
            *super().get_urls(),
        ]

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The secret, only when asked for: it is in no page."""
        platform = self._asked(request, pk)
        answer = JsonResponse({"secret": platform.secret})
        answer["Cache-Control"] = "no-store"
        return answer

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        platform = self._asked(request, pk)
        self._renew(request, platform)
        messages.success(request, "A new secret signs from now on. Copy it to the platform.")
        return HttpResponseRedirect(reverse("admin:routing_platform_change", args=[pk]))

    def _asked(self, request: HttpRequest, pk: int) -> Platform:
        platform = get_object_or_404(Platform, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, platform):
            raise PermissionDenied
        return platform

    def _renew(self, request: HttpRequest, platform: Platform) -> None:
        platform.keys = [*new_platform_secret(), *platform.keys[:1]]
        platform.save(update_fields=["keys"])
        self.log_change(request, platform, "Renewed the secret.")

    @admin.action(description="Renew the secret", permissions=["change"])
    def renew_secret(self, request: HttpRequest, queryset: QuerySet[Platform]) -> None:
        for platform in queryset:
            self._renew(request, platform)
        messages.success(request, "New secrets sign from now on. Copy them to the platforms.")

    def why_not_delete(self, thing: Platform) -> str:
        return still_needed("platform", platform=thing)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        platforms = list(objs)
        events = PlatformEvent.objects.filter(
            platform__in=platforms, done_at=None, failed_at=None
        ).count()
        told = [str(each) for each in platforms] + going_back(self._there(platforms))
        told += [f"{events} events on their way to it"] if events else []
        problem = still_needed("platform", platform__in=platforms)
        return told, {"platforms": len(platforms)}, set(), [problem] if problem else []

    def delete_model(self, request: HttpRequest, obj: Platform) -> None:
        self.delete_queryset(request, Platform.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Platform]) -> None:
        platforms = list(queryset)
        with transaction.atomic():
            release(self._there(platforms))
            Platform.objects.filter(pk__in=[each.pk for each in platforms]).delete()

    def _there(self, platforms: list[Platform]) -> QuerySet[Session]:
        return Session.objects.open().filter(platform__in=platforms, holder=None)
