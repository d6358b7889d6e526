"""Doors for other systems: their keys, receivers and limits."""

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
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from channels_app.models import Number
from providers.http import check_url
from routing.models import Door, Platform, Session, Webhook
from routing.models.rules import new_platform_secret
from routing.models.tokens import SCOPES

from .base import ParleyAdmin, badge, moment
from .releasing import going_back, release, still_needed

#: Fields that mean something to one kind of door alone.
ONLY = {
    "extension": Door.OZEKI,
    "logins": Door.OZEKI,
    "client_id": Door.OPENAPI,
    "scopes": Door.REST,
}


class DoorForm(forms.ModelForm):
    webhook = forms.CharField(
        label="Webhook address",
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget({"inputmode": "url"}),
        help_text="Texts that arrive at its numbers are posted here. Empty: nowhere.",
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes",
        choices=[(scope, f"{scope}: {said}") for scope, said in SCOPES.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What a service may do in the REST API. Without numbers of its own it sees all.",
    )
    logins = forms.CharField(
        label="Users",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "autocomplete": "off"}),
        help_text="A user name, a space and a password on each line. A name alone keeps its "
        "password. Empty: no log-in is asked for, which private networks alone may do "
        "without, unless addresses are allowed below.",
    )

    class Meta:
        model = Door
        fields = (
            *("name", "kind", "active", "sender", "senders", "extension", "client_id", "scopes"),
            *("allowed", "denied", "per_second", "per_day"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            self.fields["kind"].choices = [("", "Choose a kind"), *Door.KINDS.items()]
        for name in ("allowed", "denied"):
            if name in self.fields:
                self.fields[name].widget.attrs["rows"] = 2
        if self.instance.receiver:
            self.initial["webhook"] = self.instance.receiver.url
        self.initial["logins"] = "\n".join(sorted(self.instance.users))

    def clean_webhook(self) -> str:
        url: str = self.cleaned_data["webhook"].strip()
        if url:
            try:
                check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
            except ValueError as error:
                raise ValidationError(str(error)) from None
        return url

    def clean_logins(self) -> dict[str, str]:
        users: dict[str, str] = {}
        for line in self.cleaned_data["logins"].splitlines():
            name, _, password = line.strip().partition(" ")
            password = password.strip() or self.instance.users.get(name, "")
            if name and not password:
                raise ValidationError(f"Write a password behind {name}.")
            if name:
                users[name] = password
        return users

    def clean_per_second(self) -> Any:
        pace = self.cleaned_data["per_second"]
        if pace is not None and pace <= 0:
            raise ValidationError("Write a number above 0, or leave it empty.")
        return pace

    def clean(self) -> dict[str, Any]:
        if "logins" in self.cleaned_data:
            self.instance.users = self.cleaned_data["logins"]
        kind = self.cleaned_data.get("kind", self.instance.kind)
        if kind == Door.REST and self.cleaned_data.get("webhook"):
            self.add_error("webhook", "Make one under Webhooks, or let the service make its own.")
        elif kind != Door.REST and self.cleaned_data.get("scopes"):
            self.add_error("scopes", "Only the REST API knows scopes.")
        return super().clean() or self.cleaned_data


@admin.register(Door)
class DoorAdmin(ParleyAdmin):
    form = DoorForm
    list_display = ("name", "kind", "sender", "state", "used", "last_used_from")
    list_select_related = ("sender",)
    search_fields = ("name", "extension", "client_id")
    fields = (
        *("name", "kind", "active", "client_id", "sender", "senders", "extension"),
        *("scopes", "webhook", "logins"),
        *("allowed", "denied", "per_second", "per_day"),
    )
    change_form_template = "admin/parley/door_form.html"
    teaching = (
        "door_front",
        "Let another system in",
        "A door takes messages from a PBX, scripts or other software, in that system's own words, "
        "and hands it what arrives at its numbers.",
    )

    used = moment("last_used_at", "Last used")

    @display(description="State")
    def state(self, door: Door) -> SafeString:
        return badge("Open", "success") if door.active else badge("Switched off", "warning")

    def get_fields(self, request: HttpRequest, obj: Door | None = None) -> Any:
        fields = super().get_fields(request, obj)
        if obj is None:
            return fields
        if obj.kind == Door.REST:  # a service makes its own webhooks
            fields = [each for each in fields if each != "webhook"]
        return [each for each in fields if ONLY.get(each, obj.kind) == obj.kind]

    def get_readonly_fields(self, request: HttpRequest, obj: Door | None = None) -> Any:
        return ("kind",) if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "sender":
            kwargs["queryset"] = Number.objects.select_related("channel")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Door, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        webhook = form.cleaned_data.get("webhook", "")
        if webhook or obj.receiver or obj.kind == Door.OPENAPI:
            obj.point(webhook)
            obj.save(update_fields=["receiver"])

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = {
            "key": self.key_view,
            "old": self.old_key_view,
            "secret": self.secret_view,
            "renew": self.renew_view,
        }
        return [
            path(f"<int:pk>/{name}/", wrap(view), name=f"routing_door_{name}")
            for name, view in own.items()
        ] + super().get_urls()

    def key_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A new key, shown here and never again."""
        door = self._asked(request, pk)
        key = door.set_key()
        door.save(
            update_fields=["client_id", "key_hash", "key_end", "old_key_hash", "old_key_until"]
        )
        self.log_change(request, door, "Made a new key.")
        return _unkept({"key": key})

    def old_key_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End the key before the present one at once."""
        door = self._asked(request, pk)
        door.revoke_old_key()
        door.save(update_fields=["old_key_hash", "old_key_until"])
        self.log_change(request, door, "Ended the old key.")
        messages.success(request, "The old key opens nothing any more.")
        return self._back(pk)

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The secret, only when asked for: it is in no page."""
        return _unkept({"secret": self._receiver(self._asked(request, pk)).secret})

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        door = self._asked(request, pk)
        receiver = self._receiver(door)
        receiver.keys = [*new_platform_secret(), *receiver.keys[:1]]
        receiver.save(update_fields=["keys"])
        self.log_change(request, door, "Renewed the secret.")
        messages.success(request, "A new secret signs from now on. Enter it at the other side.")
        return self._back(pk)

    def _asked(self, request: HttpRequest, pk: int) -> Door:
        door = get_object_or_404(Door, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, door):
            raise PermissionDenied
        return door

    def _receiver(self, door: Door) -> Platform:
        if door.receiver is None:
            door.point("")
            door.save(update_fields=["receiver"])
        assert door.receiver is not None
        return door.receiver

    def _back(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:routing_door_change", args=[pk]))

    def why_not_delete(self, thing: Door) -> str:
        return still_needed("door", platform=thing.receiver) if thing.receiver else ""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        doors = list(objs)
        told = [str(each) for each in doors] + going_back(self._there(doors))
        problem = still_needed("door", platform__in=[d.receiver for d in doors if d.receiver])
        return told, {"doors": len(doors)}, set(), [problem] if problem else []

    def _there(self, doors: list[Door]) -> QuerySet[Session]:
        receivers = [each.receiver_id for each in doors if each.receiver_id]
        return Session.objects.open().filter(platform__in=receivers, holder=None)

    def delete_model(self, request: HttpRequest, obj: Door) -> None:
        self.delete_queryset(request, Door.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Door]) -> None:
        """With its receiver, and the events that were on their way to it."""
        receivers = list(queryset.exclude(receiver=None).values_list("receiver", flat=True))
        receivers += Webhook.objects.filter(door__in=queryset).values_list("receiver", flat=True)
        with transaction.atomic():
            release(self._there(list(queryset)))
            queryset.delete()
            Platform.everyone.filter(pk__in=receivers).delete()


def _unkept(found: dict[str, str]) -> HttpResponse:
    answer = JsonResponse(found)
    answer["Cache-Control"] = "no-store"
    return answer
