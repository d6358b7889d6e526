"""Sessions with their messages, to be read: who said what, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from routing.models import Exchange, Message, Session

from .base import MESSAGE_COLOURS, ReadOnlyAdmin, badge, message_badge, moment
from .filters import MessageStatusFilter, SessionStateFilter

SHOWN = 100  # messages on one page of a session


def with_history(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Messages with their files, attempts and reports: a fixed number of queries."""
    attempts = Exchange.objects.filter(kind=Exchange.SEND).order_by("pk")
    return messages.select_related("author").prefetch_related(
        "attachments", "reports", "parts", Prefetch("exchanges", attempts, to_attr="sendings")
    )


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("who", "number", "channel", "with_whom", "state", "last", "last_message")
    list_select_related = ("channel", "number", "customer", "holder", "queue", "platform")
    list_filter = (
        SessionStateFilter,
        ("channel", RelatedDropdownFilter),
        ("queue", RelatedDropdownFilter),
        ("holder", RelatedDropdownFilter),
    )
    search_fields = ("customer__address__startswith", "customer__name__istartswith")
    search_help_text = "The beginning of the customer's number or name"
    ordering = ("-pk",)  # by the primary key, which needs no sorting of all sessions
    change_form_template = "admin/parley/session.html"
    teaching = (
        "forum",
        "No session yet",
        "When a customer writes to one of your numbers, or an agent starts, the session is here.",
    )

    last_message = moment("last_at", "Last message")

    @display(description="Customer", ordering="customer__address")
    def who(self, session: Session) -> str:
        return str(session.customer)

    @display(description="With")
    def with_whom(self, session: Session) -> str:
        if session.holder and session.queue:
            return f"{session.holder} from {session.queue}"
        return str(session.holder or session.queue or session.platform or "nobody")

    @display(description="State")
    def state(self, session: Session) -> SafeString:
        if session.closed_at:
            return badge("Closed")
        if session.platform_id:
            return badge("At a platform", "info")
        if session.holder_id:
            return badge("Held", "success")
        if session.shared:
            return badge("Shared", "success")
        return badge("Waiting", "warning") if session.queue_id else badge("With nobody", "danger")

    @display(description="Last text")
    def last(self, session: Session) -> str:
        return ("" if session.last_inbound else "↪ ") + session.last_text[:60]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        session: Session = context["original"]
        found = with_history(Message.objects.filter(session=session)).order_by("-pk")
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 19:
            found = found.filter(pk__lt=int(before))
        thread = list(found[: SHOWN + 1])
        context |= {
            "session": session,
            "earlier": thread[SHOWN - 1].pk if len(thread) > SHOWN else None,
            "is_part": bool(before),
            "thread": thread[:SHOWN][::-1],
            "state": self.state(session),
            "with_whom": self.with_whom(session),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        found = self.get_queryset(request).select_related(*self.list_select_related)
        return found.filter(pk=object_id).first() if object_id.isdecimal() else None


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("state", "direction", "other", "short", "why", "channel", "author", "when")
    list_display_links = ("state", "short")
    list_select_related = ("channel", "author")
    list_filter = (MessageStatusFilter, "direction", ("channel", RelatedDropdownFilter))
    search_fields = ("=reference", "=provider_id")
    search_help_text = "Our reference or the provider's id, in full"
    ordering = ("-pk",)
    change_form_template = "admin/parley/message.html"
    teaching = (
        "sms",
        "No message",
        "Every message, received or sent, is listed here with what became of it.",
    )

    when = moment("created_at", "Created")

    @display(description="Status")
    def state(self, message: Message) -> SafeString:
        if message.direction == Message.SYSTEM:
            return badge("System line")
        return message_badge(message)

    @display(description="Customer")
    def other(self, message: Message) -> str:
        return message.sender if message.direction == Message.IN else message.recipient

    @display(description="Text")
    def short(self, message: Message) -> str:
        return message.text[:80] or ("(file)" if message.has_files else "–")

    @display(description="Reason")
    def why(self, message: Message) -> str:
        return message.reason[:120]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        message: Message = context["original"]
        found = with_history(Message.objects.filter(pk=message.pk)).select_related(
            "channel", "session__customer", "session__number"
        )
        context |= {"message": found.get(), "colour": MESSAGE_COLOURS.get(message.status, "")}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["text"]  # the page shows the rest in its own way
