"""The parts of a channel's pages beside its form: choosing the provider, the portal, the check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from channels_app.forms import ChannelForm, channel_form
from channels_app.models import Channel
from providers import registry
from providers.base import Provider
from providers.capabilities import has, megabytes

from . import checks
from .link_lines import link_line

if TYPE_CHECKING:
    from .channels import ChannelAdmin


def provider_name(slug: str) -> str:
    """The provider's name, or its slug if this version has no such provider."""
    return registry.get(slug).name if slug in registry.slugs() else slug


def abilities(provider: type[Provider]) -> list[str]:
    """What a provider does, in a few words each."""
    found = ["Text"]
    if provider.media:
        found.append(f"Files to {megabytes(provider.media.max_bytes)}")
    if provider.has_reports:
        found.append("Delivery reports")
    if provider.alphanumeric_sender:
        found.append("Sender names")
    return found


def is_called(provider: type[Provider]) -> bool:
    """Whether the provider calls a webhook; others are asked, or hold a session."""
    return not provider.linked and any(
        has(provider, name) for name in ("parse_inbound", "parse_status", "parse")
    )


def connection(provider: type[Provider], credentials: list[str]) -> list[str]:
    """The names of the fields that tell how the provider and we reach each other, in order."""
    asked = not provider.virtual and provider.api_address_help is not None
    address = ["api_address"] if asked else []
    allowed = ["allowed_addresses"] if is_called(provider) and not provider.virtual else []
    if provider.default_api_address or provider.linked:
        return [*credentials, *address, *allowed]
    return [*address, *credentials, *allowed]  # without a usual one, it comes first


def choose_provider(page: ChannelAdmin, request: HttpRequest) -> HttpResponse:
    """The first step of a new channel."""
    providers = [
        {
            "slug": slug,
            "name": name,
            "virtual": registry.get(slug).virtual,
            "abilities": abilities(registry.get(slug)),
        }
        for slug, name in registry.choices()
    ]
    providers.sort(key=lambda each: bool(each["virtual"]))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Add channel",
        "subtitle": "Choose the provider",
        "providers": providers,
    }
    return TemplateResponse(request, "admin/parley/choose_provider.html", context)


def doubts(url: str) -> list[str]:
    """Why a provider might not reach this webhook address, in an administrator's words."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = []
    if host in ("localhost", "127.0.0.1", "::1"):
        found.append("Only this machine can reach it: set PUBLIC_URL to your public address.")
    elif parts.scheme != "https":
        found.append("It is not https; most providers ask for it. Set PUBLIC_URL accordingly.")
    if "_" in host:
        found.append("Its name holds an underscore, which some providers refuse.")
    return found


def connection_context(form: ChannelForm) -> dict[str, Any]:
    """What the form's page shows of the provider's side: address, steps, whether to check."""
    channel, provider = form.instance, form.provider_class
    if form.adding:
        token = form["token"].value() if "token" in form.fields else ""
        channel.webhook_token = token or channel.webhook_token
    query = f"provider={channel.provider}" if form.adding else f"channel={channel.pk}"
    portal, remarks = steps(filled(provider.setup, channel))
    return {
        "channel": channel,
        # The class itself would be called by the template.
        "provider": {
            "name": provider.name,
            "has_reports": provider.has_reports,
            "linked": not is_called(provider),
            "alphanumeric_sender": provider.alphanumeric_sender,
            "own_address_help": provider.own_address_help if provider.own_address else "",
        },
        "webhook_url": channel.webhook_url,
        "takes_files": provider.media is not None,
        "link_line": "" if form.adding else link_line(channel),
        "doubts": [] if provider.virtual else doubts(channel.webhook_url),
        "steps": portal,
        "remarks": remarks,
        "check_url": f"{reverse('admin:channels_app_channel_check')}?{query}"
        if checks.can_check(provider)
        else "",
    }


def filled(setup: str, channel: Channel) -> str:
    """A provider's steps with this channel's address in place of the placeholders."""
    for name, value in (
        ("{webhook_path}", urlsplit(channel.webhook_url).path),
        ("{webhook_host}", urlsplit(settings.PUBLIC_URL).netloc),
        ("{webhook_url}", channel.webhook_url),
    ):
        setup = setup.replace(name, value)
    return setup


def steps(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """The steps of a provider's setup, each with what is to be copied under it; then remarks.

    A numbered line begins a step; the lines right below it are to be copied as they are. Lines
    without a step are remarks.
    """
    found: list[dict[str, str]] = []
    remarks: list[str] = []
    inside = False
    for line in text.strip().splitlines():
        if match := re.match(r"\d+[.)]\s+(.*)", line):
            inside = True
            found.append({"text": match[1], "code": ""})
        elif not line.strip():
            inside = False
        elif inside:
            found[-1]["code"] += ("\n" if found[-1]["code"] else "") + line
        else:
            remarks.append(line)
    return found, remarks


def check_typed(page: ChannelAdmin, request: HttpRequest) -> JsonResponse:
    """Check what the form holds now, saved or not, and answer in one sentence."""
    channel = _subject(page, request)
    saved = (dict(channel.credentials), channel.api_address)
    stored_secrets = channel.secret_values
    form = channel_form(channel.provider)(request.POST, instance=channel)
    form.is_valid()
    if form.connection_errors:
        return JsonResponse({"ok": False, "said": " ".join(form.connection_errors)})
    channel.api_address = form.cleaned_data["api_address"]
    verdict = checks.ask(channel.adapter, [*stored_secrets, *channel.secret_values])
    unsaved = channel.pk is None or saved != (channel.credentials, channel.api_address)
    if channel.pk is not None:
        checks.record(channel, verdict, proves=not unsaved)
    said = verdict.said + (" Save to use them." if verdict.ok and unsaved else "")
    return JsonResponse({"ok": verdict.ok, "said": said})


def _subject(page: ChannelAdmin, request: HttpRequest) -> Channel:
    """The saved channel the request names, or a new one of the provider it names."""
    if request.method != "POST":
        raise Http404
    if pk := request.GET.get("channel"):
        channel: Channel | None = page.get_object(request, pk)
        allowed = page.has_change_permission(request, channel)
    else:
        channel = Channel(provider=request.GET.get("provider", ""))
        allowed = page.has_add_permission(request)
    if not allowed:
        raise PermissionDenied
    if channel is None or channel.provider not in registry.slugs():
        raise Http404
    return channel
