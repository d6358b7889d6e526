"""Requests that could not become a message: seen, replayed, or put aside."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from providers.errors import WebhookError
from routing.intake import replay
from routing.models import Held

from .base import ReadOnlyAdmin, badge, moment
from .exchanges import pretty
from .filters import SettledFilter

SHOWN_BYTES = 64_000
ADVICE = {
    Held.UNREADABLE: "Parley could not read it. It can be replayed once the cause is mended, for "
    "instance by a newer version or other settings at the provider.",
    Held.UNKNOWN_NUMBER: "It is for a number that is not set up. Add the number to the channel, "
    "with a destination, then replay it.",
    Held.NOT_RECEIVING: "Active incoming messages is off in the channel's messaging settings. "
    "Switch it on, then replay it.",
    Held.OVERSIZED: "It is larger than WEBHOOK_MAX_BYTES allows.",
}


def body_text(body: bytes) -> tuple[str, bool]:
    """The body for people, and whether that is text; else it is a dump in hexadecimal."""
    try:
        return pretty(body.decode()), True
    except UnicodeDecodeError:
        rows = [body[i : i + 16] for i in range(0, min(len(body), SHOWN_BYTES), 16)]
        return "\n".join(f"{i * 16:06x}  {row.hex(' ')}" for i, row in enumerate(rows)), False


@admin.register(Held)
class HeldAdmin(ReadOnlyAdmin):
    list_display = ("cause_badge", "error", "channel", "repeats", "remote", "when", "state")
    list_display_links = ("cause_badge", "error")
    list_select_related = ("channel",)
    list_filter = (SettledFilter, "cause", ("channel", RelatedDropdownFilter))
    actions = ("replay_chosen", "ignore_chosen")
    fields = ("cause",)
    change_form_template = "admin/parley/held.html"
    teaching = (
        "task_alt",
        "Nothing is held",
        "A provider's request that Parley cannot read, or that is for a number nobody set up, is "
        "kept here, so that nothing is lost.",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Held]:
        found: QuerySet[Held] = super().get_queryset(request)
        listed = request.resolver_match.url_name.endswith("_changelist")
        return found.defer("body", "headers") if listed and request.method == "GET" else found

    when = moment("at", "When")

    @display(description="Cause", ordering="cause")
    def cause_badge(self, held: Held) -> SafeString:
        return badge(held.get_cause_display(), "warning" if held.settled_at is None else "")

    @display(description="State")
    def state(self, held: Held) -> str:
        return "settled" if held.settled_at else "open"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/replay/", wrap(self.replay_view), name="routing_held_replay"),
            path("<int:pk>/ignore/", wrap(self.ignore_view), name="routing_held_ignore"),
            *super().get_urls(),
        ]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["cause"]  # the page shows the rest in its own way

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        held: Held = context["original"]
        body, is_text = body_text(bytes(held.body))
        context |= {
            "held": held,
            "body": body[:SHOWN_BYTES],
            "is_text": is_text,
            "is_cut": len(held.body) > SHOWN_BYTES,
            "size": len(held.body),
            "headers": json.dumps(held.headers, indent=2, ensure_ascii=False),
            "advice": ADVICE[held.cause],
            "may_act": self.may_act(request) and held.settled_at is None,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._replay(request, self._asked(request, pk))
        return HttpResponseRedirect(reverse("admin:routing_held_change", args=[pk]))

    def ignore_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._ignore(request, [self._asked(request, pk).pk])
        return HttpResponseRedirect(reverse("admin:routing_held_changelist"))

    def _asked(self, request: HttpRequest, pk: int) -> Held:
        if request.method != "POST" or not self.may_act(request):
            raise PermissionDenied
        return get_object_or_404(Held, pk=pk)

    def _replay(self, request: HttpRequest, held: Held) -> None:
        if held.settled_at:
            messages.warning(request, f"{held}: already settled.")
            return
        try:
            messages.success(request, replay(held))
        except WebhookError as error:
            messages.error(request, f"Still held: {error.reason}")

    def _ignore(self, request: HttpRequest, pks: list[int]) -> None:
        count = Held.objects.filter(pk__in=pks, settled_at=None).update(settled_at=timezone.now())
        messages.success(request, f"{count} put aside. They stay listed under Settled.")

    @admin.action(description="Replay", permissions=["act"])
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[Held]) -> None:
        for held in queryset.select_related("channel").order_by("pk"):  # in the order they came
            self._replay(request, held)

    @admin.action(description="Ignore", permissions=["act"])
    def ignore_chosen(self, request: HttpRequest, queryset: QuerySet[Held]) -> None:
        self._ignore(request, list(queryset.values_list("pk", flat=True)))
