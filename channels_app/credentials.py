"""A provider's credentials as fields of the channel's form."""

from __future__ import annotations

import copy

from django import forms
from unfold import widgets

from providers.base import Provider, Secret

from .models import Channel

#: Keeps a provider's field from clashing with one of the channel's ("name").
PREFIX = "credential_"
#: The switch that removes a secret which the provider can do without.
REMOVE = "remove_"

_DRESS: tuple[tuple[type[forms.Field], type[forms.Widget]], ...] = (
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.MultipleChoiceField, widgets.UnfoldAdminSelectMultipleWidget),
    (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    (forms.FloatField, widgets.UnfoldAdminDecimalFieldWidget),
    (forms.DecimalField, widgets.UnfoldAdminDecimalFieldWidget),
    (forms.IntegerField, widgets.UnfoldAdminIntegerFieldWidget),
)


def dressed(field: forms.Field) -> forms.Field:
    """A copy of a provider's field that looks like the rest of the admin."""
    attrs = field.widget.attrs
    field = copy.deepcopy(field)
    widget: forms.Widget
    if isinstance(field.widget, forms.Textarea):
        widget = widgets.UnfoldAdminTextareaWidget({"rows": 4, **attrs})
    elif isinstance(field, Secret):
        widget = widgets.UnfoldAdminPasswordWidget({"autocomplete": "new-password", **attrs})
    else:
        kind = next((w for f, w in _DRESS if isinstance(field, f)), None)
        widget = (kind or widgets.UnfoldAdminTextInputWidget)(attrs=dict(attrs))
    if isinstance(field, forms.ChoiceField):
        widget.choices = field.choices  # type: ignore[attr-defined]
    widget.is_required = field.required
    field.widget = widget
    return field


def fields_for(provider: type[Provider]) -> dict[str, forms.Field]:
    """A field for each credential, and a switch for each secret that may be removed."""
    fields: dict[str, forms.Field] = {}
    for name, original in provider.Credentials.base_fields.items():
        if original.disabled:  # a preset has fixed it
            continue
        field = fields[PREFIX + name] = dressed(original)
        field.label = field.label or name.replace("_", " ").capitalize()
        if isinstance(original, Secret) and not original.required:
            fields[REMOVE + name] = forms.BooleanField(
                required=False,
                label=f"Remove the {field.label}",
                widget=widgets.UnfoldBooleanSwitchWidget,
            )
    return fields


def names_for(channel: Channel | None, provider: type[Provider]) -> list[str]:
    """The names of the form's fields for a provider's credentials, in its own order."""
    found = []
    for name, field in provider.Credentials.base_fields.items():
        if field.disabled:
            continue
        found.append(PREFIX + name)
        kept = channel is not None and channel.credentials.get(name)
        if isinstance(field, Secret) and not field.required and kept:
            found.append(REMOVE + name)
    return found
