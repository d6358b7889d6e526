"""Extensions: an agent and their login in one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from routing.models import Extension, Rule, Session

from .base import ParleyAdmin

User = get_user_model()


class ExtensionForm(forms.ModelForm):
    """Makes the agent's user with the extension, or gives the extension to an existing user."""

    username = forms.CharField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text="With it the agent logs in.",
    )
    password = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "new-password"}),
    )

    class Meta:
        model = Extension
        fields = ("number", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user: Any = self.instance.user if self.instance.pk else None
        if "password" not in self.fields:
            return
        if self.user:
            self.initial["username"] = self.user.get_username()
            self.fields["password"].label = "New password"
            self.fields["password"].widget.attrs["placeholder"] = "Kept; type to replace"
        else:
            self.fields[
                "password"
            ].help_text = "Leave it empty only to give the extension to a user who exists already."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "username" not in cleaned or "password" not in cleaned:
            return cleaned
        namesake = User.objects.filter(username=cleaned["username"]).first()
        if self.user:
            if namesake and namesake != self.user:
                self.add_error("username", "Another user has this name.")
        elif namesake:
            self._adopt(namesake, cleaned["password"])
        elif not cleaned["password"]:
            self.add_error("password", "A new user needs a password.")
        self._judge_password(cleaned)
        return cleaned

    def _adopt(self, user: Any, password: str) -> None:
        taken = Extension.objects.filter(user=user).first()
        if taken:
            self.add_error("username", f"This user already has the extension {taken}.")
        elif password:
            self.add_error(
                "username",
                "A user of this name exists. Leave the password empty to make it this agent's "
                "login, or choose another name.",
            )
        else:
            self.user = user

    def _judge_password(self, cleaned: dict[str, Any]) -> None:
        if not cleaned["password"]:
            return
        try:
            validate_password(cleaned["password"], User(username=cleaned["username"]))
        except ValidationError as error:
            self.add_error("password", error)

    def save(self, commit: bool = True) -> Extension:
        """The user is saved here and now: the extension cannot be without one."""
        user = self.user or User()
        user.username = self.cleaned_data["username"]
        if self.cleaned_data["password"]:
            user.set_password(self.cleaned_data["password"])
        user.save()
        self.instance.user = user
        return super().save(commit)


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
        return found.prefetch_related("queues").annotate(
            open_sessions=Count("sessions", filter=Q(sessions__closed_at=None))
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

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if numbers := _numbers_of([object_id]):
            messages.error(request, _still_needed(numbers))
            return HttpResponseRedirect(reverse("admin:routing_extension_change", args=[object_id]))
        return super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        extensions = list(objs)
        numbers = _numbers_of([each.pk for each in extensions])
        held = Session.objects.open().filter(holder__in=extensions).count()
        told = [f"{each}, with the login {each.user.get_username()}" for each in extensions]
        if held:
            told.append(f"{held} open sessions go back to their queue, or where their number leads")
        protected = [_still_needed(numbers)] if numbers else []
        return told, {"extensions": len(extensions)}, set(), protected

    def delete_model(self, request: HttpRequest, obj: Extension) -> None:
        with transaction.atomic():
            release_sessions(obj)
            if obj.user.is_staff:
                obj.delete()
            else:
                obj.user.delete()  # a login without an extension opens nothing

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Extension]) -> None:
        for extension in queryset.select_related("user"):
            self.delete_model(request, extension)


def release_sessions(extension: Extension) -> None:
    """Let go of the open sessions an agent holds, so that none is left with nobody.

    Those of a queue wait there again; the others go where their number's messages go.
    """
    held = Session.objects.open().filter(holder=extension)
    alone = held.filter(queue=None)
    for rule in Rule.objects.filter(number__in=alone.order_by().values("number")):
        alone.filter(number=rule.number_id).update(
            holder=rule.extension_id, queue=rule.queue_id, platform=rule.platform_id
        )
    held.exclude(queue=None).update(holder=None)


def _numbers_of(extensions: list[Any]) -> list[str]:
    """Numbers whose messages go to one of these extensions."""
    rules = Rule.objects.filter(extension__in=extensions).select_related("number")
    return [str(rule.number) for rule in rules]


def _still_needed(numbers: list[str]) -> str:
    listed = ", ".join(numbers[:5]) + (" and others" if len(numbers) > 5 else "")
    return f"Messages to {listed} go to this extension. Give them another destination first."
