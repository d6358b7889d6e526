"""Credentials of a provider that takes either a token, or a login with its password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ..base import Secret


class TokenOrLogin(forms.Form):
    token = Secret(label="Token", required=False, help_text="Enter either this, or a login.")
    username = forms.CharField(label="Login", required=False)
    password = Secret(label="Password", required=False)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or found.get("token"):
            return found
        if not found.get("username") or not found.get("password"):
            raise ValidationError("Enter a token, or a login and its password.")
        return found
