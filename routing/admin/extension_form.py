"""The form of an extension: the agent and their login in one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from routing.models import Extension

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
        if not cleaned.get("password"):
            return
        try:
            validate_password(cleaned["password"], User(username=cleaned.get("username", "")))
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
