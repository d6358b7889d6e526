"""A channel's credentials, validated by its provider's own form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from channels_app.models import Channel
from providers.base import Provider
from providers.http import check_url, redact

from .mistakes import Mistakes, texts
from .reading import Entry, keys
from .story import Story
from .values import Change


def credentials(entry: Entry, channel: Channel, change: Change, story: Story) -> bool:
    """Give the channel the credentials of the file; those not given stay as they are.

    Returns whether they changed. A change tells the names only.
    """
    provider = channel.provider_class
    if "credentials" not in entry and not channel._state.adding:
        return False
    given: dict[str, Any] = {}
    before = len(story.mistakes)
    if "credentials" in entry and entry["credentials"].value is not None:
        fields = provider.Credentials.base_fields
        names = tuple(name for name, field in fields.items() if not field.disabled)
        if not keys(entry["credentials"], names, story.mistakes):
            return False
        given = _plain(entry["credentials"], names, story.mistakes)
    kept = channel.credentials
    first = {
        n: f.initial for n, f in provider.Credentials.base_fields.items() if not callable(f.initial)
    }
    form = provider.Credentials({**first, **kept, **given})
    if not form.is_valid():
        if len(story.mistakes) == before:  # else what is missing is probably there, misspelt
            _tell(entry, form, provider, {**kept, **given}, story)
        return False
    _check_addresses(entry, form, story.mistakes)
    clean = dict(form.cleaned_data)
    different = sorted(name for name in clean if _or_none(clean[name]) != _or_none(kept.get(name)))
    if not different:
        return False
    channel.credentials = clean
    change.fields += [f"credentials.{name}" for name in different]
    return True


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _plain(entry: Entry, names: tuple[str, ...], mistakes: Mistakes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in entry.value.items():
        if name not in names:
            continue
        if isinstance(inner.value, dict | list):
            mistakes.at(inner, f"must be text, not {inner.kind}.")
        elif isinstance(inner.value, bool) or inner.value is None:
            found[name] = inner.value
        else:  # as it was written: a key of digits keeps its zeros
            found[name] = inner.value if isinstance(inner.value, str) else inner.raw
    return found


def _tell(
    entry: Entry, form: forms.Form, provider: type[Provider], values: dict[str, Any], story: Story
) -> None:
    secrets = [str(values[name]) for name in provider.secrets() if values.get(name)]
    place = entry.or_self("credentials")
    for name, errors in form.errors.as_data().items():
        caption = form[name].label if name in form.fields else ""
        for error in errors:
            said = redact(texts(error), secrets)
            if name not in form.fields:
                story.mistakes.at(place, said)
            elif error.code == "required":
                path = f"{entry.path}.credentials.{name}"
                story.mistakes.add(
                    place.line, path, f"is missing: {provider.name} needs the {caption}."
                )
            else:
                story.mistakes.at(entry.or_self("credentials").or_self(name), f"{caption}: {said}")


def _check_addresses(entry: Entry, form: forms.Form, mistakes: Mistakes) -> None:
    """Refuse private addresses in those fields of the provider that hold an address."""
    for name, found in form.cleaned_data.items():
        if str(found).startswith(("http://", "https://")):
            try:
                private = settings.ALLOW_PRIVATE_ADDRESSES
                check_url(found, allow_private=private, unknown_passes=True)
            except ValueError as error:
                mistakes.at(
                    entry.or_self("credentials").or_self(name), f"{form[name].label}: {error}"
                )
