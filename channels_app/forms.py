"""The form of a channel: its own settings, and the credentials of its provider."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from unfold import widgets

from providers import registry
from providers.base import Provider, Secret
from providers.http import check_url

from . import credentials
from .credentials import PREFIX, REMOVE
from .models import Channel, new_token


class ChannelForm(forms.ModelForm):
    """Made for one provider by :func:`channel_form`."""

    slug: ClassVar[str] = ""
    provider_class: ClassVar[type[Provider]] = Provider

    token = forms.CharField(widget=forms.HiddenInput, required=False)
    close_automatically = forms.BooleanField(
        required=False,
        label="Close sessions automatically",
        widget=widgets.UnfoldBooleanSwitchWidget,
        help_text="A session without a message for so many days is closed.",
    )

    class Meta:
        model = Channel
        fields = ("name", *Channel.SETTINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adding = self.instance.pk is None
        if self.adding:
            self.instance.provider = self.slug
            self._suggest()
        else:
            self.fields.pop("token", None)
        self._fill_credentials()
        if "close_automatically" in self.fields:
            self.initial["close_automatically"] = self.instance.close_after_days is not None
        if "rate" in self.fields:
            self.fields["rate"].error_messages["invalid"] = (
                "Enter how many messages may go each second, like 10 or 0.5."
            )
        if "allowed_addresses" in self.fields:
            self.fields["allowed_addresses"].widget.attrs["rows"] = 2
        if "api_address" in self.fields:
            shown = self.fields["api_address"]
            shown.widget.attrs["placeholder"] = self.provider_class.default_api_address
            if said := self.provider_class.api_address_help:
                shown.help_text = said
            elif not self.provider_class.default_api_address:
                shown.help_text = "The provider's address, like https://api.example.com."

    def _suggest(self) -> None:
        """Begin a new channel with what its provider recommends."""
        self.initial.setdefault("token", new_token())
        self.initial["rate"] = f"{self.provider_class.default_rate:g}"
        self.initial["in_flight"] = self.provider_class.default_in_flight
        self.initial["prefixes"] = self.provider_class.default_prefixes
        self.initial["default_outgoing"] = not Channel.objects.exists()

    def _fill_credentials(self) -> None:
        """Show what is stored, except for secrets, which never go back to the browser."""
        for name, field in self.provider_class.Credentials.base_fields.items():
            shown = self.fields.get(PREFIX + name)
            if shown is None:
                continue
            stored = self.instance.credentials.get(name)
            if not stored:
                self.fields.pop(REMOVE + name, None)
            if not isinstance(field, Secret):
                if stored is not None:
                    self.initial[PREFIX + name] = stored
            elif stored:
                shown.required = shown.widget.is_required = False
                shown.widget.attrs["placeholder"] = "Kept; type to replace"

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"] or new_token()
        if not re.fullmatch(r"[0-9a-f]{32}", token):
            raise ValidationError("The webhook address is not one that Parley made. Start again.")
        if Channel.objects.filter(webhook_token=token).exists():
            raise ValidationError("This webhook address is already in use. Start again.")
        return token

    def clean_api_address(self) -> str:
        address: str = self.cleaned_data["api_address"].strip()
        if address:
            try:
                check_url(address, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
            except ValueError as error:
                raise ValidationError(str(error)) from None
        return address

    def clean_rate(self) -> Any:
        rate = self.cleaned_data["rate"]
        if rate <= 0:
            raise ValidationError("The rate must be more than 0. To send nothing, pause instead.")
        return rate

    def _get_validation_exclusions(self) -> set[str]:
        """Also the rule of the one default channel: this one takes the other's place."""
        return {*super()._get_validation_exclusions(), "default_outgoing"}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_time_out(cleaned)
        self._clean_credentials()
        if self.adding and "token" in cleaned:
            self.instance.webhook_token = cleaned["token"]
        return cleaned

    def _clean_time_out(self, cleaned: dict[str, Any]) -> None:
        if "close_automatically" not in cleaned:
            return
        if not cleaned["close_automatically"]:
            cleaned["close_after_days"] = None
        elif cleaned.get("close_after_days") is None and not self.has_error("close_after_days"):
            self.add_error("close_after_days", "After how many days shall a session close?")

    def _clean_credentials(self) -> None:
        """Let the provider's own form judge; an empty secret stands for the one that is kept."""
        typed: dict[str, Any] = {}
        for name, field in self.provider_class.Credentials.base_fields.items():
            if field.disabled:
                continue
            shown = self.fields.get(PREFIX + name)
            if shown is None:  # a reader's page has no fields to judge
                return
            key = self.add_prefix(PREFIX + name)
            typed[name] = shown.widget.value_from_datadict(self.data, self.files, key)
            removed = self.cleaned_data.get(REMOVE + name)
            if isinstance(field, Secret) and not typed[name] and not removed:
                typed[name] = self.instance.credentials.get(name, "")
        judged = self.provider_class.Credentials(typed)
        for name, errors in judged.errors.items():
            ours = PREFIX + name if name in typed else None
            if ours is None or not self.has_error(ours):
                self.add_error(ours, errors)
        if judged.is_valid():
            self.credentials_changed = judged.cleaned_data != self.instance.credentials
            self.instance.credentials = judged.cleaned_data

    #: Whether the credentials differ from those stored; known after validation.
    credentials_changed = False

    @property
    def connection_errors(self) -> list[str]:
        """What is wrong with the fields that a check of the credentials needs."""
        found = []
        for name, errors in self.errors.items():
            if name == "api_address" or name.startswith(PREFIX):
                found += [f"{self.fields[name].label}: {error}" for error in errors]
        return found


def channel_form(slug: str) -> type[ChannelForm]:
    """The form of a channel of this provider. Raises KeyError if there is no such provider."""
    provider = registry.get(slug)
    given = {"slug": slug, "provider_class": provider, **credentials.fields_for(provider)}
    return type("ChannelForm", (ChannelForm,), given)
