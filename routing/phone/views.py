"""The page on which one plays the customer. Only channels of virtual providers are reachable."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from channels_app.fields import normalise
from channels_app.models import Channel, Number
from providers import registry

from ..policy import View, strict
from .screen import screen

CUSTOMER = "+12025550142"  # fictitious, as all numbers with 555-01 are


def allowed(view: View) -> View:
    """The view for everyone in the demo, otherwise for staff."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.DEMO or request.user.is_staff:
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.get_full_path())

    return strict(checked)


def virtual() -> list[str]:
    """The slugs of the providers that exist only inside Parley."""
    return [slug for slug in registry.slugs() if registry.get(slug).virtual]


@require_safe
@allowed
def phone(request: HttpRequest) -> HttpResponse:
    """The phone with its settings, and what it shows now."""
    numbers = list(Number.objects.filter(channel__provider__in=virtual()).select_related("channel"))
    chosen = request.GET.get("number", "")
    number = next((n for n in numbers if str(n.pk) == chosen), numbers[0] if numbers else None)
    customer, mistake = _customer(request)
    context = {"numbers": numbers, "number": number, "customer": customer, "mistake": mistake}
    if number:
        form = number.channel.provider_class.Credentials.base_fields
        context |= {
            "behaviours": form["behaviour"].choices,
            "behaviour": number.channel.credentials.get("behaviour") or "answers",
            "bubbles": screen(number, customer),
        }
    return render(request, "phone/phone.html", context)


@require_safe
@allowed
def messages(request: HttpRequest) -> HttpResponse:
    """What went between one of our numbers and one customer."""
    key = request.GET.get("number", "")
    ours = Number.objects.filter(channel__provider__in=virtual())
    number = get_object_or_404(ours, pk=key if key.isdecimal() else 0)
    customer, _ = _customer(request)
    return render(request, "phone/_bubbles.html", {"bubbles": screen(number, customer)})


@require_POST
@allowed
def behaviour(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the virtual provider of this channel how to behave."""
    channel = get_object_or_404(Channel, pk=pk, provider__in=virtual())
    chosen = request.POST.get("behaviour", "")
    if chosen not in dict(channel.provider_class.Credentials.base_fields["behaviour"].choices):
        return HttpResponse("There is no such behaviour.", status=422, content_type="text/plain")
    channel.credentials = {**channel.credentials, "behaviour": chosen}
    channel.save(update_fields=["credentials"])
    return HttpResponse(status=204) if request.htmx else redirect("phone")


def _customer(request: HttpRequest) -> tuple[str, str]:
    """The customer's number, and why the one that was typed cannot be used."""
    typed = request.GET.get("customer", "").strip()
    if not typed:
        return CUSTOMER, ""
    try:
        # A plus sign in an address is a space, if nobody has escaped it.
        return normalise(typed, settings.PHONE_REGION), ""
    except ValidationError as error:
        return CUSTOMER, f"{error.messages[0]} Write it like {CUSTOMER}."
