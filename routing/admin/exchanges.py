"""The log of exchanges with providers. Secrets were cut out before it was written."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from routing.models import Exchange, Message

from .base import MESSAGE_COLOURS, ReadOnlyAdmin, badge, moment
from .filters import OutcomeFilter
from .recording import NotSaved, fixture

OUTCOMES = {
    Exchange.OK: ("OK", "success"),
    Exchange.REFUSED: ("Refused", "danger"),
    Exchange.HELD: ("Held", "warning"),
    Message.QUEUED: ("To be tried again", "warning"),
}


def outcome_badge(exchange: Exchange) -> SafeString:
    """What came of an exchange: of a send, the status that it left the message in."""
    word = Message.STATUSES.get(exchange.outcome, exchange.outcome)
    return badge(*OUTCOMES.get(exchange.outcome, (word, MESSAGE_COLOURS.get(exchange.outcome, ""))))


def pretty(text: str) -> str:
    """JSON with line breaks; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyAdmin):
    list_display = ("when", "channel", "kind", "result", "why", "remote")
    list_select_related = ("channel",)
    list_filter = (("channel", RelatedDropdownFilter), "kind", OutcomeFilter)
    ordering = ("-pk",)
    fields = ("kind",)
    change_form_template = "admin/parley/exchange.html"
    teaching = (
        "receipt_long",
        "Nothing was said yet",
        "Each attempt to send, each webhook and each check of credentials is kept here, with "
        "request and answer. Secrets are cut out.",
    )

    when = moment("at", "When")

    @display(description="Outcome")
    def result(self, exchange: Exchange) -> SafeString:
        return outcome_badge(exchange)

    @display(description="Reason")
    def why(self, exchange: Exchange) -> str:
        return exchange.reason[:120]

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        return (
            found if request.resolver_match.url_name.endswith("_change") else found.defer("calls")
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        exchange: Exchange = context["original"]
        context |= {
            "exchange": exchange,
            "may_be_saved": exchange.kind in (Exchange.WEBHOOK, Exchange.SEND, Exchange.CHECK),
            "outcome": outcome_badge(exchange),
            "calls": [
                {
                    **step,
                    "request": pretty(step.get("request") or ""),
                    "answer": pretty(step.get("answer") or ""),
                }
                for step in exchange.steps
            ],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "routing_exchange_fixture"
        return [path("<int:pk>/fixture/", wrap(self.fixture_view), name=name), *super().get_urls()]

    def fixture_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The exchange as a file for tests/providers/fixtures/, with ?text=keep its texts too."""
        exchange = get_object_or_404(Exchange.objects.select_related("channel", "message"), pk=pk)
        if not self.has_view_permission(request, exchange):
            raise PermissionDenied
        try:
            told = fixture(exchange, keep_text=request.GET.get("text") == "keep")
        except NotSaved as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:routing_exchange_change", args=[pk]))
        said = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
        reply = HttpResponse(said, content_type="application/json; charset=utf-8")
        name = f"{exchange.channel.provider}-{exchange.kind}-{pk}.json"
        reply["Content-Disposition"] = f'attachment; filename="{name}"'
        return reply

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["kind"]  # the page shows the rest in its own way
