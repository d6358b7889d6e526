"""What each step of a campaign's draft asks for."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_app.models import Number, Template
from routing.models import Campaign, Extension, Queue

_LIST_HELP = _(
    "CSV with a column of phone numbers, or just numbers. Other columns can be used in the text."
)


class _Step(forms.Form):
    """Fields in the admin's dress."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if not isinstance(field.widget, forms.RadioSelect | forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "pl-input")
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help-{name}"


class RecipientsForm(_Step):
    name = forms.CharField(label=_("Name"), max_length=127)
    number = forms.ModelChoiceField(
        Number.objects.select_related("channel"),
        label=_("Sender"),
        help_text=_("The number that the messages leave from."),
    )
    file = forms.FileField(label=_("File with recipients"), required=False, help_text=_LIST_HELP)
    pasted = forms.CharField(
        label=_("Or paste numbers"),
        required=False,
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
    )
    region = forms.CharField(
        label=_("Country of numbers without a country code"),
        required=False,
        max_length=2,
        help_text=_("Two letters, like CH or PL."),
    )
    number_column = forms.CharField(
        label=_("Column with the numbers"),
        required=False,
        max_length=200,
        help_text=_("Its name in the first line. Empty: Parley finds it."),
    )
    append = forms.BooleanField(label=_("Add to the recipients there are"), required=False)

    def __init__(self, *args: Any, campaign: Campaign | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        self.fields["number"].label_from_instance = lambda n: f"{n} ({n.channel})"
        if campaign is None or not campaign.lines_read:
            del self.fields["append"]
        self.fields["region"].initial = settings.PHONE_REGION

    def clean_region(self) -> str:
        region: str = self.cleaned_data["region"].strip().upper()
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValidationError(_("There is no country with these two letters."))
        return region

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = cleaned.get("file") or cleaned.get("pasted", "").strip()
        if not given and (self.campaign is None or not self.campaign.lines_read):
            self.add_error("file", _("Choose a file with recipients, or paste their numbers."))
        if cleaned.get("file") and cleaned.get("pasted", "").strip():
            self.add_error("pasted", _("Choose a file or paste numbers, not both."))
        return cleaned


class TextForm(_Step):
    text = forms.CharField(
        label=_("Text"), required=False, strip=False, widget=forms.Textarea({"rows": 6})
    )
    template = forms.ModelChoiceField(
        Template.objects.none(),
        label=_("Template"),
        required=False,
        empty_label=_("None: the text above"),
    )
    file = forms.FileField(label=_("File"), required=False)
    no_file = forms.BooleanField(label=_("Send no file"), required=False)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        usable = Template.objects.filter(channel=campaign.channel, usable=True)
        self.fields["template"].queryset = usable
        self.templates = list(usable)
        if not self.templates:
            del self.fields["template"]
        if campaign.channel.provider_class.media is None:
            del self.fields["file"]
        if not campaign.file:
            del self.fields["no_file"]

    def values(self, chosen: Template | None) -> list[str]:
        """What fills the template's variables."""
        if chosen is None:
            return []
        names = range(len(chosen.variables))
        return [self.data.get(f"value-{chosen.pk}-{at}", "").strip() for at in names]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("template")
        file = cleaned.get("file") or (self.campaign.file and not cleaned.get("no_file"))
        if not cleaned.get("text", "").strip() and not chosen and not file:
            self.add_error("text", _("Write a text, or choose a template or a file."))
        if chosen and not all(self.values(chosen)):
            self.add_error("template", _("Fill in all that the template asks for."))
        if chosen and file:
            self.add_error("template", _("No file can be sent along with a template."))
        return cleaned


class ScheduleForm(_Step):
    when = forms.ChoiceField(
        label=_("Start"),
        choices=[("now", _("As soon as I press Start")), ("later", _("At a time"))],
        widget=forms.RadioSelect,
    )
    starts_at = forms.DateTimeField(
        label=_("Day and time"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    zone = forms.CharField(
        label=_("Time zone"), required=False, widget=forms.TextInput({"list": "pl-zones"})
    )
    mode = forms.ChoiceField(
        label=_("Sessions"), choices=list(Campaign.MODES.items()), widget=forms.RadioSelect
    )
    assign = forms.ChoiceField(label=_("Give the sessions to"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assign"].choices = [
            ("", _("Whoever the number's rule names")),
            *((f"queue-{each.pk}", str(each)) for each in Queue.objects.all()),
            *((f"extension-{each.pk}", str(each)) for each in Extension.objects.all()),
        ]

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"].strip() or settings.TIME_ZONE
        if zone not in zoneinfo.available_timezones():
            raise ValidationError(_("There is no such time zone."))
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("when") != "later":
            return {**cleaned, "starts_at": None}
        if cleaned.get("starts_at") is None:
            if "starts_at" not in self.errors:
                self.add_error("starts_at", _("Choose a day and a time."))
        elif zone := cleaned.get("zone"):
            cleaned["starts_at"] = self._in_zone(cleaned["starts_at"], zone)
        return cleaned

    def _in_zone(self, at: datetime, zone: str) -> datetime:
        wanted = at.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        if wanted.astimezone(UTC).astimezone(wanted.tzinfo).hour != wanted.hour:
            self.add_error("starts_at", _("The clocks go forward then: there is no such time."))
        elif wanted < datetime.now(UTC):
            self.add_error("starts_at", _("This time is over."))
        return wanted

    @property
    def owner(self) -> dict[str, Any]:
        """To whom sessions are given, as a campaign keeps it."""
        kind, _dash, pk = self.cleaned_data["assign"].partition("-")
        if self.cleaned_data["mode"] == Campaign.DIRECT:
            kind = ""
        return {
            "extension": Extension.objects.get(pk=pk) if kind == "extension" else None,
            "queue": Queue.objects.get(pk=pk) if kind == "queue" else None,
        }
