"""Webhooks: where events go, how it went, and once more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from routing import outbox
from routing.forwarding import feeding, replaying
from routing.models import Change, Delivery, Webhook
from routing.models.webhooks import validate_url

from .base import ParleyAdmin, ReadOnlyAdmin, badge, moment

HOURS = (1, 24, 168)


class WebhookForm(forms.ModelForm):
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=UnfoldAdminTextInputWidget({"inputmode": "url"}),
        help_text="Each event is posted here.",
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        choices=[(kind, f"{kind}: {said}") for kind, said in Change.KINDS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: all.",
    )

    class Meta:
        model = Webhook
        fields = ("name", "active", "url", "kinds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["url"] = self.instance.url

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        validate_url(url)
        return url


@admin.register(Webhook)
class WebhookAdmin(ParleyAdmin):
    form = WebhookForm
    list_display = ("name", "address", "door", "state", "created")
    list_select_related = ("receiver__circuit", "door")
    search_fields = ("name",)
    fields = ("name", "active", "url", "kinds")
    change_form_template = "admin/parley/webhook_form.html"
    teaching = (
        "webhook",
        "Tell another system what happens",
        "A webhook gets each event as a signed request: messages that come and go, sessions that "
        "change hands.",
    )

    created = moment("created_at", "Created")

    @display(description="Address")
    def address(self, webhook: Webhook) -> str:
        return webhook.url

    @display(description="State")
    def state(self, webhook: Webhook) -> SafeString:
        if not webhook.active:
            return badge("Switched off", "warning")
        circuit = getattr(webhook.receiver, "circuit", None)
        if circuit and circuit.broken_until and circuit.broken_until > timezone.now():
            return badge("Resting", "danger", title=f"{circuit.failures} attempts failed in a row.")
        return badge("Works", "success")

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        url = form.cleaned_data["url"]
        if change:
            obj.save()
            obj.point(url)
        else:
            made = Webhook.make(obj.name, url, obj.kinds, active=obj.active)
            obj.pk, obj.receiver = made.pk, made.receiver
        outbox.listen_for_changes()

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        obj.receiver.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset.select_related("receiver"):
            webhook.receiver.delete()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = {
            "secret": self.secret_view,
            "renew": self.renew_view,
            "test": self.test_view,
            "replay": self.replay_view,
        }
        return [
            path(f"<int:pk>/{name}/", wrap(view), name=f"routing_webhook_{name}")
            for name, view in own.items()
        ] + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        log = Delivery.objects.filter(webhook=object_id)[:20] if object_id.isdigit() else []
        more = {"deliveries": log, "hours": HOURS, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The secret, only when asked for: it is in no page."""
        answer = JsonResponse({"secret": self._asked(request, pk).secret})
        answer["Cache-Control"] = "no-store"
        return answer

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        webhook = self._asked(request, pk)
        webhook.renew_secret()
        self.log_change(request, webhook, "Renewed the secret.")
        messages.success(request, "Both secrets sign now. Give the receiver the new one.")
        return self._back(pk)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        replaying.test(self._asked(request, pk))
        outbox.ring_for(outbox.bell.FORWARD)
        messages.success(request, "A test is on its way; its outcome is below in a moment.")
        return self._back(pk)

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The events of the last hours once more."""
        webhook = self._asked(request, pk)
        hours = request.POST.get("hours", "")
        if not hours.isdigit() or int(hours) not in HOURS:
            raise ValidationError("Choose one of the times.")
        now = timezone.now()
        count = feeding.again(webhook, now - timedelta(hours=int(hours)), now)
        outbox.ring_for(outbox.bell.FORWARD)
        self.log_change(request, webhook, f"Replayed {hours} hours.")
        messages.success(request, f"{count} events are on their way again.")
        return self._back(pk)

    def _asked(self, request: HttpRequest, pk: int) -> Webhook:
        webhook = get_object_or_404(Webhook.objects.select_related("receiver"), pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, webhook):
            raise PermissionDenied
        return webhook

    def _back(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:routing_webhook_change", args=[pk]))


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("outcome", "webhook", "kind", "attempt", "status", "took_ms", "said", "when")
    list_select_related = ("webhook",)
    list_filter = ("webhook", "taken")
    ordering = ("-pk",)
    actions = ("again",)
    fields = (
        *("webhook", "kind", "position", "attempt", "outcome", "status", "said", "took_ms"),
        "at",
    )
    teaching = ("webhook", "Nothing delivered yet", "Each attempt to tell a webhook is here.")

    when = moment("at", "At")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go with their webhook, and by no page of their own."""
        own = reverse("admin:routing_delivery_changelist")
        return not request.path.startswith(own) and request.user.has_perm("routing.delete_delivery")

    @display(description="Outcome")
    def outcome(self, delivery: Delivery) -> SafeString:
        return badge("Taken", "success") if delivery.taken else badge("Failed", "danger")

    @admin.action(description="Deliver again", permissions=["act"])
    def again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        events = set(queryset.values_list("event", flat=True))
        count = sum(replaying.again(event) for event in events)
        outbox.ring_for(outbox.bell.FORWARD)
        messages.success(request, f"{count} events are on their way again.")
