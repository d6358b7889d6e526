"""Alerts: what an open page asks about, and the browsers that are told while none is open."""

from __future__ import annotations

from dataclasses import asdict

from django import forms
from django.conf import settings
from django.contrib.auth import views as auth
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from providers.http import check_url

from .. import pushing
from ..models import AgentSettings, PushSubscription, Session
from ..policy import strict
from .access import AgentRequest, agent

BROWSER = "push"  # in the login's session: which browser it is


class Subscription(forms.ModelForm):
    """What a browser tells when it subscribes. Nobody may make us call inside our own network."""

    class Meta:
        model = PushSubscription
        fields = ("endpoint", "p256dh", "auth")

    def clean_endpoint(self) -> str:
        endpoint: str = self.cleaned_data["endpoint"]
        inside = settings.ALLOW_PRIVATE_ADDRESSES
        if not inside and not endpoint.startswith("https://"):
            raise ValidationError("A push service has an https:// address.")
        try:
            check_url(endpoint, allow_private=inside)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return endpoint

    def validate_unique(self) -> None:
        """A browser that comes again, maybe with another agent, is the same one."""


@require_safe
@agent
def alert(request: AgentRequest, pk: int) -> HttpResponse:
    """What the agent is told of a session now; 204 if it is nothing."""
    found = Session.objects.for_extension(request.extension).select_related("customer", "queue")
    session = get_object_or_404(found, pk=pk)
    told, chosen = (
        pushing.alert_for(request.extension, session),
        AgentSettings.of(request.extension),
    )
    if told is None:
        return HttpResponse(status=204)
    return JsonResponse({**asdict(told), "tone": chosen.tone, "again": chosen.alert_again})


@require_http_methods(["GET", "POST"])
@agent
def push(request: AgentRequest) -> HttpResponse:
    """The key for browsers that subscribe; then the browser that did."""
    if request.method == "GET":
        return JsonResponse({"key": pushing.public_key()})
    form = Subscription(request.POST)
    if not form.is_valid():
        return JsonResponse(form.errors, status=422)
    made, _ = PushSubscription.objects.update_or_create(
        endpoint=form.cleaned_data["endpoint"],
        defaults={**form.cleaned_data, "extension": request.extension, "at": timezone.now()},
    )
    request.session[BROWSER] = made.pk
    mine = PushSubscription.objects.filter(extension=request.extension)
    newest = mine.order_by("-at").values("pk")[: PushSubscription.MOST]
    mine.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    pushing.remember()
    return HttpResponse(status=204)


@require_POST
@agent
def stop(request: AgentRequest) -> HttpResponse:
    """The browser is told no more."""
    theirs = PushSubscription.objects.filter(extension=request.extension)
    theirs.filter(endpoint=request.POST.get("endpoint", "")).delete()
    return HttpResponse(status=204)


class Leave(auth.LogoutView):
    """Log out: from then on this browser is told nothing."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        theirs = PushSubscription.objects.filter(extension__user=request.user.pk)
        theirs.filter(pk=request.session.get(BROWSER)).delete()
        answer: HttpResponseBase = super().post(request, *args, **kwargs)
        return answer


leave = strict(Leave.as_view())
