"""The four steps of a draft: recipients, text, schedule, check."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_app.models import Number
from routing import campaigns
from routing.models import Campaign, Customer, Recipient

from .campaign_figures import duration, left_out, progress_of, seconds_left, told
from .campaign_forms import RecipientsForm, ScheduleForm, TextForm

if TYPE_CHECKING:
    from .campaigns import CampaignAdmin

STEPS = {
    "recipients": gettext_lazy("Recipients"),
    "text": gettext_lazy("Text"),
    "schedule": gettext_lazy("Schedule"),
    "check": gettext_lazy("Check"),
}
SAMPLES = 3


def address(step: str, campaign: Campaign) -> str:
    return reverse(f"admin:routing_campaign_{step}", args=[campaign.pk])


def next_step(campaign: Campaign) -> str:
    """Where to go on with a draft."""
    if not (campaign.text or campaign.template_id or campaign.file):
        return "text"
    return "check"


def recipients(page: CampaignAdmin, request: HttpRequest, campaign: Campaign | None) -> Any:
    initial: dict[str, Any] = {}
    if campaign:
        initial = {name: getattr(campaign, name) for name in ("name", "number", "number_column")}
        initial["region"] = campaign.region
    elif number := Number.objects.order_by("-channel__default_outgoing", "value").first():
        initial["number"] = number
    form = RecipientsForm(
        request.POST or None, request.FILES or None, initial=initial, campaign=campaign
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():  # of a list that cannot be read, no draft is left
                made = _with_recipients(request, campaign, form.cleaned_data)
            return HttpResponseRedirect(address("text", made))
        except campaigns.Refused as error:
            form.add_error("file" if form.cleaned_data["file"] else "pasted", str(error))
    return _page(page, request, campaign, "recipients", {"form": form})


def _with_recipients(
    request: HttpRequest, campaign: Campaign | None, found: dict[str, Any]
) -> Campaign:
    chosen = {"name": found["name"], "number": found["number"]}
    if campaign is None:
        campaign = campaigns.make(request.user.get_username(), **chosen)
    else:
        campaigns.change(campaign, **chosen)
    if given := found["file"] or found["pasted"].strip():
        campaigns.set_list(
            campaign,
            given,
            region=found["region"],
            number_column=found["number_column"].strip(),
            append=found.get("append", False),
        )
    return campaign


def text(page: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> Any:
    initial = {"text": campaign.text, "template": campaign.template_id}
    form = TextForm(request.POST or None, request.FILES or None, initial=initial, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data
        try:
            if found.get("no_file"):
                campaigns.set_file(campaign, None)
            chosen = found.get("template")
            campaigns.change(
                campaign, text=found["text"], template=chosen, values=form.values(chosen)
            )
            if found.get("file"):
                campaigns.set_file(campaign, found["file"])
            return HttpResponseRedirect(address("schedule", campaign))
        except campaigns.Refused as error:
            form.add_error(None, str(error))
    rows = Recipient.objects.filter(campaign=campaign, address__gt="").order_by("line")
    samples = [
        {"to": row.address, "values": {"number": row.address, **row.values}}
        for row in rows[:SAMPLES]
    ]
    context = {
        "form": form,
        "templates": [_described(each, campaign) for each in form.templates],
        "preview": {
            "samples": samples,
            "phone": campaign.channel.provider_class.network == Customer.PHONE,
            "templates": {each.pk: each.body for each in form.templates},
            "variables": {each.pk: each.variables for each in form.templates},
        },
    }
    return _page(page, request, campaign, "text", context)


def schedule(page: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> Any:
    zone = campaign.zone or timezone.get_default_timezone_name()
    local = campaign.starts_at and campaign.starts_at.astimezone(zoneinfo.ZoneInfo(zone))
    owner = f"queue-{campaign.queue_id}" if campaign.queue_id else ""
    owner = f"extension-{campaign.extension_id}" if campaign.extension_id else owner
    initial = {
        "when": "later" if local else "now",
        "starts_at": local and local.replace(tzinfo=None),
        "zone": zone,
        "mode": campaign.mode,
        "assign": owner,
    }
    form = ScheduleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("starts_at", "zone", "mode")}
        try:
            campaigns.change(campaign, **chosen, **form.owner)
            return HttpResponseRedirect(address("check", campaign))
        except campaigns.Refused as error:
            form.add_error(None, str(error))
    zones = sorted(zoneinfo.available_timezones())
    return _page(page, request, campaign, "schedule", {"form": form, "zones": zones})


def check(page: CampaignAdmin, request: HttpRequest, campaign: Campaign) -> Any:
    if request.method == "POST":
        try:
            campaigns.start(campaign)
        except campaigns.Refused as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(address("check", campaign))
        page.log_change(request, campaign, "Started.")
        return HttpResponseRedirect(address("change", campaign))
    progress = progress_of(campaign)
    rows = Recipient.objects.filter(campaign=campaign, state=Recipient.WAITING).order_by("pk")
    context = {
        "progress": progress,
        "left_out": left_out(campaign) if campaign.checked else [],
        "samples": [(row.address, _sample(campaign, row)) for row in rows[:SAMPLES]]
        if campaign.checked
        else [],
        "duration": duration(seconds_left(campaign, progress)),
        "why_not": campaigns.why_not_start(campaign),
        "starts": starts(campaign),
    }
    return _page(page, request, campaign, "check", context)


def starts(campaign: Campaign) -> str:
    """When it starts, in the zone in which that was chosen."""
    if campaign.starts_at is None:
        return ""
    zone = campaign.zone or timezone.get_default_timezone_name()
    local = campaign.starts_at.astimezone(zoneinfo.ZoneInfo(zone))
    return f"{local:%A, %-d %B %Y, %H:%M} ({zone})"


def _sample(campaign: Campaign, row: Recipient) -> str:
    try:
        return campaigns.letter_for(campaign, row.address, row.values).text
    except campaigns.Lacking:
        return ""


def _described(template: Any, campaign: Campaign) -> dict[str, Any]:
    kept = campaign.values if campaign.template_id == template.pk else []
    values = [*kept, *[""] * len(template.variables)]
    return {
        "template": template,
        "fields": [
            {"name": f"value-{template.pk}-{at}", "label": name, "value": values[at]}
            for at, name in enumerate(template.variables)
        ],
    }


def _page(
    page: CampaignAdmin,
    request: HttpRequest,
    campaign: Campaign | None,
    step: str,
    context: dict[str, Any],
) -> HttpResponse:
    names = list(STEPS)
    before = names[names.index(step) - 1] if step != "recipients" else ""
    context = {
        **page.admin_site.each_context(request),
        **context,
        "opts": page.opts,
        "title": campaign.name if campaign else _("New campaign"),
        "campaign": campaign,
        "step": step,
        "steps": [
            (name, label, campaign and name != step and address(name, campaign))
            for name, label in STEPS.items()
        ],
        "back": address(before, campaign) if before and campaign else "",
        "told": told(campaign) if campaign else {},
    }
    return TemplateResponse(request, f"admin/parley/campaign_{step}.html", context)
